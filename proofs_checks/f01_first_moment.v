(* m = beta1 m + (1 - beta1) g with independent estimates g: the laws of m, update by update. *)

(* g has mean `centre` and variance V. *)
Definition estimates (centre V : R) (l : law R) : Prop :=
  probability l /\ mean l (fun g => g) = centre /\ mean l (fun g => (g - centre) ^ 2) = V.

Definition update (beta1 : R) (state now : law R) : law R :=
  bind state (fun m => image (fun g => beta1 * m + (1 - beta1) * g) now).

Fixpoint moment (beta1 : R) (g : nat -> law R) (t : nat) : law R :=
  match t with O => [(1, 0)] | S k => update beta1 (moment beta1 g k) (g (S k)) end.

Lemma mean_update beta1 state now f :
  mean (update beta1 state now) f = mean state (fun m => mean now (fun g => f (beta1 * m + (1 - beta1) * g))).
Proof. unfold update. rewrite mean_bind. apply mean_ext. intro. apply mean_image. Qed.

(* One update of a law with mass 1: its mean, and its square about any centre. *)
Lemma update_mass beta1 state now :
  mean state (fun _ => 1) = 1 -> probability now -> mean (update beta1 state now) (fun _ => 1) = 1.
Proof.
  intros M P. rewrite mean_update, (mean_ext state _ (fun _ => 1)) by (intro; apply P). assumption.
Qed.

Lemma update_mean beta1 state now centre V :
  mean state (fun _ => 1) = 1 -> estimates centre V now ->
  mean (update beta1 state now) (fun m => m) = beta1 * mean state (fun m => m) + (1 - beta1) * centre.
Proof.
  intros M [P [E _]]. rewrite mean_update.
  rewrite (mean_ext state _ (fun m => beta1 * m + (1 - beta1) * centre * 1)).
  - rewrite mean_add, !mean_scale, M. ring.
  - intro m. rewrite mean_add, !mean_scale, mean_const, E by assumption. ring.
Qed.

Lemma update_square beta1 state now centre V x y :
  mean state (fun _ => 1) = 1 -> estimates centre V now -> y = beta1 * x + (1 - beta1) * centre ->
  mean (update beta1 state now) (fun m => (m - y) ^ 2)
  = beta1 ^ 2 * mean state (fun m => (m - x) ^ 2) + (1 - beta1) ^ 2 * V.
Proof.
  intros M [P [E S]] ->. rewrite mean_update.
  rewrite (mean_ext state _ (fun m => beta1 ^ 2 * (m - x) ^ 2 + (1 - beta1) ^ 2 * V * 1)).
  - rewrite mean_add, !mean_scale, M. ring.
  - intro m. rewrite (mean_ext now _ (fun g => (1 - beta1) ^ 2 * (g - centre) ^ 2
      + (2 * beta1 * (1 - beta1) * (m - x) * g
      + (beta1 ^ 2 * (m - x) ^ 2 - 2 * beta1 * (1 - beta1) * (m - x) * centre)))) by (intro; ring).
    rewrite !mean_add, !mean_scale, mean_const, E, S by assumption. ring.
Qed.

Section Steps.
  Variables (beta1 V a0 b : R) (g : nat -> law R).
  Hypotheses (range : 0 <= beta1 < 1) (now : forall t, estimates (a0 + b * INR t) V (g t)).

  Let mass t : mean (moment beta1 g t) (fun _ => 1) = 1.
  Proof. induction t; simpl; [ring|]. apply update_mass; [assumption|apply (now (S t))]. Qed.

  Let centre t := mean (moment beta1 g t) (fun m => m).

  Theorem bias t : centre t - (a0 + b * INR t) = claimed_bias beta1 a0 b (beta1 ^ t).
  Proof.
    induction t as [|t IH]; [unfold centre, claimed_bias; simpl; field; lra|].
    unfold centre in *. simpl moment.
    rewrite (update_mean beta1 _ _ _ V (mass t) (now (S t))), S_INR.
    replace (mean (moment beta1 g t) (fun m => m))
      with (claimed_bias beta1 a0 b (beta1 ^ t) + (a0 + b * INR t)) by lra.
    unfold claimed_bias. simpl pow. field. lra.
  Qed.

  Theorem variance t :
    mean (moment beta1 g t) (fun m => (m - centre t) ^ 2) = claimed_variance beta1 V (beta1 ^ t).
  Proof.
    induction t as [|t IH]; [unfold centre, claimed_variance; simpl; field; lra|].
    simpl moment.
    rewrite (update_square beta1 _ _ _ V (centre t) _ (mass t) (now (S t))).
    - rewrite IH. unfold claimed_variance. simpl (beta1 ^ S t). field. lra.
    - unfold centre. simpl moment. apply (update_mean beta1 _ _ _ V (mass t) (now (S t))).
  Qed.
End Steps.

(* Errors m - a_t whose mean and variance an update leaves as they are, while the gradient moves by b. *)
Theorem stationary beta1 V b state now :
  0 <= beta1 < 1 -> probability state -> estimates 0 V now ->
  let x := mean state (fun e => e) in
  let next := update beta1 (image (fun e => e - b) state) now in
  mean next (fun e => e) = x ->
  mean next (fun e => (e - x) ^ 2) = mean state (fun e => (e - x) ^ 2) ->
  mean state (fun e => (e - x) ^ 2) = claimed_stationary_variance beta1 V
  /\ mean state (fun e => e ^ 2) = claimed_stationary_error beta1 V b.
Proof.
  intros B P E x next M Q.
  assert (mass : mean (image (fun e => e - b) state) (fun _ => 1) = 1) by (rewrite mean_image; apply P).
  unfold next in M, Q. rewrite (update_mean beta1 _ _ 0 V mass E), mean_image in M.
  assert (X : mean state (fun e => e - b) = x - b).
  { rewrite (mean_ext state _ (fun e => e + -1 * b)) by (intro; ring).
    rewrite mean_add, mean_const by assumption. fold x. ring. }
  rewrite X in M.
  rewrite (update_square beta1 _ _ 0 V (x - b) x mass E), mean_image in Q by lra.
  rewrite (mean_ext state _ (fun e => (e - x) ^ 2)) in Q by (intro; ring).
  assert (Y : mean state (fun e => (e - x) ^ 2) = claimed_stationary_variance beta1 V).
  { unfold claimed_stationary_variance. apply Rmult_eq_reg_r with (1 - beta1 ^ 2); [|apply Rgt_not_eq; nra].
    replace (_ * (1 - beta1 ^ 2)) with ((1 - beta1) ^ 2 * V); [field; lra|].
    rewrite Rmult_minus_distr_l. lra. }
  split; [assumption|].
  rewrite (mean_ext state _ (fun e => (e - x) ^ 2 + (2 * x * e + - x ^ 2))) by (intro; ring).
  rewrite !mean_add, mean_scale, mean_const, Y by assumption. fold x.
  assert (x = - (beta1 * b / (1 - beta1))) as ->.
  { apply Rmult_eq_reg_r with (1 - beta1); [|lra].
    replace (- (beta1 * b / (1 - beta1)) * (1 - beta1)) with (- (beta1 * b)) by (field; lra). lra. }
  unfold claimed_stationary_variance, claimed_stationary_error. field. lra.
Qed.
