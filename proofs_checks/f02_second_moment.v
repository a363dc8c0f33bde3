(* v averages m^2 (refined) or g^2 (plain); m averages g. The laws of both, update by update. *)

(* g has mean a and variance V. *)
Definition estimates (a V : R) (l : law R) : Prop :=
  probability l /\ mean l (fun g => g) = a /\ mean l (fun g => g ^ 2) = a ^ 2 + V.

Definition refined (beta1 beta2 : R) (state : law (R * R)) (now : law R) : law (R * R) :=
  bind state (fun x => image (fun g =>
    let m := beta1 * fst x + (1 - beta1) * g in (m, beta2 * snd x + (1 - beta2) * m ^ 2)) now).
Definition plain (beta2 : R) (state now : law R) : law R :=
  bind state (fun v => image (fun g => beta2 * v + (1 - beta2) * g ^ 2) now).

(* E m, E m^2 and E v after an update, from those before. *)
Lemma refined_moments beta1 beta2 state now a V :
  mean state (fun _ => 1) = 1 -> estimates a V now ->
  let next := refined beta1 beta2 state now in
  let x := mean state fst in
  let square := beta1 ^ 2 * mean state (fun y => fst y ^ 2) + 2 * beta1 * (1 - beta1) * a * x
    + (1 - beta1) ^ 2 * (a ^ 2 + V) in
  mean next (fun _ => 1) = 1 /\ mean next fst = beta1 * x + (1 - beta1) * a
  /\ mean next (fun y => fst y ^ 2) = square
  /\ mean next snd = beta2 * mean state snd + (1 - beta2) * square.
Proof.
  intros M [P [E S]] next x square.
  assert (Q : forall y : R * R, mean now (fun g => (beta1 * fst y + (1 - beta1) * g) ^ 2)
    = beta1 ^ 2 * fst y ^ 2 + (2 * beta1 * (1 - beta1) * a * fst y + (1 - beta1) ^ 2 * (a ^ 2 + V) * 1)).
  { intro y. rewrite (mean_ext now _ (fun g => (1 - beta1) ^ 2 * g ^ 2
      + (2 * beta1 * (1 - beta1) * fst y * g + (0 + beta1 ^ 2 * fst y ^ 2)))) by (intro; ring).
    rewrite mean_add, mean_scale, mean_add, mean_scale, mean_const, E, S by assumption. ring. }
  unfold next, refined. rewrite !mean_bind. repeat split.
  - rewrite (mean_ext state _ (fun _ => 1)); [assumption|]. intro. rewrite mean_image. apply P.
  - rewrite (mean_ext state _ (fun y => beta1 * fst y + (1 - beta1) * a * 1)).
    + rewrite mean_add, !mean_scale, M. fold x. ring.
    + intro y. rewrite mean_image. simpl. rewrite mean_add, !mean_scale, mean_const, E by assumption. ring.
  - rewrite (mean_ext state _ (fun y => beta1 ^ 2 * fst y ^ 2
      + (2 * beta1 * (1 - beta1) * a * fst y + (1 - beta1) ^ 2 * (a ^ 2 + V) * 1))).
    + rewrite !mean_add, !mean_scale, M. unfold square, x. ring.
    + intro y. rewrite mean_image. cbn [fst]. apply Q.
  - rewrite (mean_ext state _ (fun y => beta2 * snd y + (1 - beta2) * (beta1 ^ 2 * fst y ^ 2
      + (2 * beta1 * (1 - beta1) * a * fst y + (1 - beta1) ^ 2 * (a ^ 2 + V) * 1)))).
    + rewrite !mean_add, !mean_scale, !mean_add, !mean_scale, M. unfold square, x. ring.
    + intro y. rewrite mean_image. cbn [snd].
      rewrite (mean_ext now _ (fun g => (1 - beta2) * (beta1 * fst y + (1 - beta1) * g) ^ 2
        + (0 + beta2 * snd y))) by (intro; ring).
      rewrite mean_add, mean_scale, Q, mean_const by assumption. ring.
Qed.

Lemma plain_moment beta2 state now a V :
  mean state (fun _ => 1) = 1 -> estimates a V now ->
  mean (plain beta2 state now) (fun _ => 1) = 1
  /\ mean (plain beta2 state now) (fun v => v) = beta2 * mean state (fun v => v) + (1 - beta2) * (a ^ 2 + V).
Proof.
  intros M [P [E S]]. unfold plain. rewrite !mean_bind. split.
  - rewrite (mean_ext state _ (fun _ => 1)); [assumption|]. intro. rewrite mean_image. apply P.
  - rewrite (mean_ext state _ (fun v => beta2 * v + (1 - beta2) * (a ^ 2 + V) * 1)).
    + rewrite mean_add, !mean_scale, M. ring.
    + intro v. rewrite mean_image.
      rewrite (mean_ext now _ (fun g => (1 - beta2) * g ^ 2 + (0 + beta2 * v))) by (intro; ring).
      rewrite mean_add, mean_scale, mean_const, S by assumption. ring.
Qed.

Section Steps.
  Variables (beta1 beta2 a V : R) (g : nat -> law R).
  Hypotheses (range1 : 0 <= beta1 < 1) (range2 : 0 <= beta2 < 1) (now : forall t, estimates a V (g t)).

  Fixpoint states (t : nat) : law (R * R) :=
    match t with O => [(1, (0, 0))] | S k => refined beta1 beta2 (states k) (g (S k)) end.
  Fixpoint plain_states (t : nat) : law R :=
    match t with O => [(1, 0)] | S k => plain beta2 (plain_states k) (g (S k)) end.

  Theorem steps t :
    beta2 <> beta1 -> beta2 <> beta1 ^ 2 ->
    mean (states t) (fun _ => 1) = 1 /\ mean (states t) fst = a * (1 - beta1 ^ t)
    /\ mean (states t) (fun y => fst y ^ 2) = a ^ 2 * (1 - beta1 ^ t) ^ 2
      + (1 - beta1) / (1 + beta1) * V * (1 - (beta1 ^ t) ^ 2)
    /\ mean (states t) snd = claimed_at_t beta1 beta2 V a (beta1 ^ t) (beta2 ^ t).
  Proof.
    intros N1 N2. assert (beta2 - beta1 <> 0) by lra. assert (beta2 - beta1 ^ 2 <> 0) by lra.
    induction t as [|t [I1 [I2 [I3 I4]]]].
    - unfold claimed_at_t. simpl states. simpl pow. cbn [mean fst snd]. repeat split; field; repeat split; lra.
    - destruct (refined_moments beta1 beta2 (states t) (g (S t)) a V I1 (now (S t))) as [E1 [E2 [E3 E4]]].
      simpl states. rewrite E1, E2, E3, E4, I2, I3, I4. unfold claimed_at_t.
      change (beta1 ^ S t) with (beta1 * beta1 ^ t). change (beta2 ^ S t) with (beta2 * beta2 ^ t).
      generalize (beta1 ^ t) (beta2 ^ t). intros p1 p2. repeat split; field; repeat split; lra.
  Qed.

  Theorem plain_steps t :
    mean (plain_states t) (fun _ => 1) = 1
    /\ mean (plain_states t) (fun v => v) = claimed_plain_at_t V a (beta2 ^ t).
  Proof.
    induction t as [|t [I1 I2]]; [unfold claimed_plain_at_t; simpl; split; ring|].
    destruct (plain_moment beta2 (plain_states t) (g (S t)) a V I1 (now (S t))) as [E1 E2].
    simpl plain_states. rewrite E1, E2, I2. unfold claimed_plain_at_t. simpl pow. split; ring.
  Qed.
End Steps.

(* Laws whose moments an update leaves as they are. *)
Theorem stationary beta1 beta2 a V state now :
  0 <= beta1 < 1 -> 0 <= beta2 < 1 -> probability state -> estimates a V now ->
  let next := refined beta1 beta2 state now in
  mean next fst = mean state fst ->
  mean next (fun y => fst y ^ 2) = mean state (fun y => fst y ^ 2) ->
  mean next snd = mean state snd ->
  mean state snd = claimed_stationary beta1 V a
  /\ mean state (fun y => fst y ^ 2) = claimed_stationary beta1 V a.
Proof.
  intros B1 B2 P E next M Q W.
  destruct (refined_moments beta1 beta2 state now a V (proj2 P) E) as [_ [E2 [E3 E4]]].
  unfold next in M, Q, W. rewrite E4 in W. rewrite E2 in M. rewrite E3 in Q.
  assert (X : mean state fst = a) by (apply Rmult_eq_reg_l with (1 - beta1); lra).
  rewrite X in Q.
  assert (Y : mean state (fun y => fst y ^ 2) = claimed_stationary beta1 V a).
  { unfold claimed_stationary. apply Rmult_eq_reg_l with (1 - beta1 ^ 2); [|apply Rgt_not_eq; nra].
    transitivity (2 * beta1 * (1 - beta1) * a * a + (1 - beta1) ^ 2 * (a ^ 2 + V)); [lra|]. field. lra. }
  split; [|assumption]. rewrite <- Y. rewrite X, Q in W.
  apply Rmult_eq_reg_l with (1 - beta2); lra.
Qed.

Theorem stationary_plain beta2 a V state now :
  0 <= beta2 < 1 -> probability state -> estimates a V now ->
  mean (plain beta2 state now) (fun v => v) = mean state (fun v => v) ->
  mean state (fun v => v) = claimed_plain V a.
Proof.
  intros B P E M. destruct (plain_moment beta2 state now a V (proj2 P) E) as [_ E2].
  rewrite E2 in M. unfold claimed_plain. apply Rmult_eq_reg_l with (1 - beta2); lra.
Qed.

(* With drift: E[m_t^2] = (a_t - lag)^2 + q V (F1). From any start, E[v_t] tends to the formula geometrically. *)
Theorem drift beta1 beta2 V a0 b (mean_v : nat -> R) :
  0 <= beta1 < 1 -> 0 <= beta2 < 1 ->
  (forall t, mean_v (S t) = beta2 * mean_v t + (1 - beta2) *
    ((a0 + b * INR (S t) - beta1 * b / (1 - beta1)) ^ 2 + (1 - beta1) / (1 + beta1) * V)) ->
  forall t, mean_v t - claimed_drift beta1 beta2 V (a0 + b * INR t) b
    = beta2 ^ t * (mean_v O - claimed_drift beta1 beta2 V a0 b).
Proof.
  intros B1 B2 E t. induction t as [|t IH].
  - simpl. replace (a0 + b * 0) with a0 by ring. ring.
  - rewrite E. change (beta2 ^ S t) with (beta2 * beta2 ^ t). rewrite Rmult_assoc, <- IH, S_INR.
    unfold claimed_drift. field. lra.
Qed.

(* The variance of a coordinate of one draw's estimate (h.v) v, at delta = 1, from the fourth moments. *)
Definition coordinate_variance (d : nat) (h : vec) (i : nat) (l : law vec) : R :=
  mean l (fun v => dot d h v * dot d h v * (v i * v i)) - h i ^ 2.

Lemma fourth_variance d c e h i l :
  (i < d)%nat -> fourth d c e l ->
  coordinate_variance d h i l = c * dot d h h + (2 * c + e - 1) * h i ^ 2.
Proof.
  intros I F. pose proof (mean_quadratic d c e l h (fun k m => same i k * same i m) F) as Q.
  assert (E : forall v, quadratic d (fun k m => same i k * same i m) v = v i * v i).
  { intro v. unfold quadratic. rewrite (sum_ext d _ (fun k => same i k * (v k * v i))).
    - rewrite sum_pick by assumption. reflexivity.
    - intros k _. rewrite (sum_ext d _ (fun m => same i m * (same i k * v k * v m))) by (intros; ring).
      rewrite sum_pick by assumption. ring. }
  unfold coordinate_variance.
  rewrite (mean_ext l _ (fun v => dot d h v * dot d h v * quadratic d (fun k m => same i k * same i m) v))
    by (intro; rewrite E; reflexivity).
  rewrite Q, E. unfold trace.
  rewrite (sum_ext d (fun k => h k * h k * _) (fun k => same i k * (same i k * (h k * h k)))) by (intros; ring).
  rewrite !sum_pick, same_refl by assumption. ring.
Qed.

Theorem catalogue d h i :
  (i < d)%nat ->
  (forall l, fourth d 1 0 l -> coordinate_variance d h i l = claimed_gaussian (dot d h h) (h i ^ 2))
  /\ (forall l, fourth d (INR d / (INR d + 2)) 0 l ->
      coordinate_variance d h i l = claimed_sphere (INR d) (dot d h h) (h i ^ 2))
  /\ (forall l, fourth d 1 (-2) l ->
      coordinate_variance d h i l = claimed_rademacher (dot d h h) (h i ^ 2))
  /\ (forall l, fourth d 0 (INR d) l -> coordinate_variance d h i l = claimed_coordinate (INR d) (h i ^ 2))
  /\ (forall l, unbiased d 1 l -> surely l (fun v => dot d h v * dot d h v = dot d h h) ->
      coordinate_variance d h i l = claimed_aligned (dot d h h) (h i ^ 2)).
Proof.
  intro I. pose proof (pos_INR d). repeat split; intros l F; [..|intro A].
  - rewrite (fourth_variance d _ _ h i l I F). unfold claimed_gaussian. ring.
  - rewrite (fourth_variance d _ _ h i l I F). unfold claimed_sphere. field. lra.
  - rewrite (fourth_variance d _ _ h i l I F). unfold claimed_rademacher. ring.
  - rewrite (fourth_variance d _ _ h i l I F). unfold claimed_coordinate. ring.
  - unfold coordinate_variance. rewrite (mean_eq l _ (fun v => dot d h h * (v i * v i))).
    + rewrite mean_scale, (proj2 F), same_refl by assumption. unfold claimed_aligned. ring.
    + apply F.
    + intros w v J W. rewrite (A w v J W). reflexivity.
Qed.

(* Points at which the hypotheses hold. *)
Theorem steps_satisfiable : ltac:(hypotheses_of steps).
Proof.
  exists (1 / 2), (1 / 3), 1, 1, (fun _ => [(1 / 2, 0); (1 / 2, 2)]).
  split; [lra|]. split; [intro t; easy_check|]. exists 1%nat. easy_check.
Qed.
(* On the line: 0 and the roots of 3, and 1. *)
Theorem catalogue_satisfiable : ltac:(hypotheses_of catalogue).
Proof.
  exists 1%nat, (fun _ => 1), 0%nat. split; [lia|].
  assert (Z : forall i, (i < 1)%nat -> i = 0%nat) by (intros; lia).
  split; [|split; [|split; [|split]]].
  - exists [(2 / 3, fun _ => 0); (1 / 3, fun _ => sqrt 3)]. split; [|exact I].
    intros i j k m Hi Hj Hk Hm. rewrite (Z i Hi), (Z j Hj), (Z k Hk), (Z m Hm), same_refl. simpl.
    rewrite sqrt_sqrt by lra. lra.
  - exists [(1, fun _ => 1)]. split; [|exact I].
    intros i j k m Hi Hj Hk Hm. rewrite (Z i Hi), (Z j Hj), (Z k Hk), (Z m Hm), same_refl. simpl. field.
  - exists [(1, fun _ => 1)]. split; [|exact I].
    intros i j k m Hi Hj Hk Hm. rewrite (Z i Hi), (Z j Hj), (Z k Hk), (Z m Hm), same_refl. simpl. lra.
  - exists [(1, fun _ => 1)]. split; [|exact I].
    intros i j k m Hi Hj Hk Hm. rewrite (Z i Hi), (Z j Hj), (Z k Hk), (Z m Hm), same_refl. simpl. lra.
  - exists [(1, fun _ => 1)]. easy_check.
Qed.
