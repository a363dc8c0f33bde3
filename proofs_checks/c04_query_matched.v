(* Two stages: k draws of a fixed-length law, then m draws of fixed-length laws that depend on the first. *)

(* One draw estimates delta a by (a.v) v; several by their mean. *)
Definition estimate (d : nat) (a v : vec) : vec := fun i => dot d a v * v i.
Definition average (d : nat) (a : vec) (x : list vec) : vec :=
  fun i => total (fun v => estimate d a v i) x / INR (length x).
Definition error (d : nat) (delta : R) (a g : vec) : R := sum d (fun i => (g i - delta * a i) ^ 2).

Definition fixed (d : nat) (delta : R) (l : law vec) : Prop :=
  unbiased d delta l /\ surely l (fun v => length2 d v = delta * INR d).

(* An aligned law whose complement is spherical has fixed length, whatever its direction. *)
Theorem aligned d delta e l :
  unbiased d delta l ->
  surely l (fun v => along d e v = delta /\ length2 d v - along d e v = delta * (INR d - 1)) ->
  fixed d delta l.
Proof. intros H F. split; [assumption|]. intros w v I W. pose proof (F w v I W). simpl in *. lra. Qed.

Lemma mean_estimate d delta a l i :
  unbiased d delta l -> (i < d)%nat -> mean l (fun v => estimate d a v i) = delta * a i.
Proof.
  intros H I. rewrite (mean_ext l _ (fun v => dot d a v * dot d (same i) v)).
  - rewrite (mean_product d delta), dot_sym by assumption. f_equal. apply sum_pick, I.
  - intro v. unfold estimate. f_equal. symmetry. apply sum_pick, I.
Qed.

Lemma one_draw d delta a l :
  fixed d delta l ->
  sum d (fun i => mean l (fun v => (estimate d a v i - delta * a i) ^ 2))
  = delta ^ 2 * (INR d - 1) * dot d a a.
Proof.
  intros [H F]. rewrite <- mean_sum.
  rewrite (mean_eq l _ (fun v => (delta * INR d - 2 * delta) * (dot d a v * dot d a v)
    + delta ^ 2 * dot d a a)).
  - rewrite mean_add, mean_scale, mean_const, (mean_product d delta) by (assumption || apply H). ring.
  - apply H.
  - intros w v I W. rewrite <- (F w v I W). unfold estimate, length2.
    rewrite (sum_ext d _ (fun i => dot d a v * dot d a v * (v i * v i)
      + (- (2 * delta * dot d a v) * (a i * v i) + delta ^ 2 * (a i * a i)))) by (intros; ring).
    rewrite !sum_add, !sum_scale. fold (dot d v v) (dot d a v) (dot d a a). ring.
Qed.

Lemma centred d delta a k l i :
  (1 <= k)%nat ->
  forall g : R -> R, mean (sample k l) (fun x => g (average d a x i - delta * a i))
  = mean (sample k l) (fun x => g (total (fun v => estimate d a v i - delta * a i) x / INR k)).
Proof.
  intros K g. assert (INR k <> 0) by (apply not_0_INR; lia). apply sample_ext. intros x L.
  rewrite total_shift, L. unfold average. rewrite L. f_equal. field. assumption.
Qed.

Lemma mean_centred d delta a k l i :
  unbiased d delta l -> (1 <= k)%nat -> (i < d)%nat ->
  mean (sample k l) (fun x => average d a x i - delta * a i) = 0.
Proof.
  intros H K I. assert (INR k <> 0) by (apply not_0_INR; lia).
  rewrite (centred d delta a k l i K (fun y => y)).
  rewrite (mean_ext _ _ (fun x => / INR k * total (fun v => estimate d a v i - delta * a i) x))
    by (intro; field; assumption).
  rewrite mean_scale, mean_total by apply H.
  rewrite (mean_ext l _ (fun v => estimate d a v i + -1 * (delta * a i))) by (intro; ring).
  rewrite mean_add, mean_const, (mean_estimate d delta) by (assumption || apply H). ring.
Qed.

Lemma square_centred d delta a k l i :
  unbiased d delta l -> (1 <= k)%nat -> (i < d)%nat ->
  mean (sample k l) (fun x => (average d a x i - delta * a i) ^ 2)
  = / INR k * mean l (fun v => (estimate d a v i - delta * a i) ^ 2).
Proof.
  intros H K I. assert (INR k <> 0) by (apply not_0_INR; lia).
  rewrite (centred d delta a k l i K (fun y => y ^ 2)).
  rewrite (mean_ext _ _ (fun x => / INR k * / INR k * total (fun v => estimate d a v i - delta * a i) x ^ 2))
    by (intro; field; assumption).
  rewrite mean_scale, mean_total_square; [field; assumption|apply H|].
  rewrite (mean_ext l _ (fun v => estimate d a v i + -1 * (delta * a i))) by (intro; ring).
  rewrite mean_add, mean_const, (mean_estimate d delta) by (assumption || apply H). ring.
Qed.

(* Stage 2 given any outcome of stage 1. *)
Theorem unbiased_given_first d delta a m l i :
  unbiased d delta l -> (1 <= m)%nat -> (i < d)%nat ->
  mean (sample m l) (fun y => average d a y i) = delta * a i.
Proof.
  intros H M I. pose proof (mean_centred d delta a m l i H M I) as Z.
  rewrite (mean_ext _ _ (fun y => average d a y i + -1 * (delta * a i))) in Z by (intro; ring).
  rewrite mean_add, sample_const in Z by apply H. lra.
Qed.

Lemma one_stage d delta a k l :
  fixed d delta l -> (1 <= k)%nat ->
  mean (sample k l) (fun x => error d delta a (average d a x))
  = (INR d - 1) / INR k * (delta ^ 2 * dot d a a).
Proof.
  intros F K. assert (INR k <> 0) by (apply not_0_INR; lia). unfold error. rewrite mean_sum.
  rewrite (sum_ext d _ (fun i => / INR k * mean l (fun v => (estimate d a v i - delta * a i) ^ 2)))
    by (intros; apply square_centred; try assumption; apply F).
  rewrite sum_scale, one_draw by assumption. field. assumption.
Qed.

Theorem first_stage d delta a k l :
  fixed d delta l -> (1 <= k)%nat ->
  mean (sample k l) (fun x => error d delta a (average d a x))
  = claimed_first (INR d) (INR k) * (delta ^ 2 * dot d a a).
Proof.
  intros F K. rewrite one_stage by assumption. unfold claimed_first. field. apply not_0_INR. lia.
Qed.

Theorem second_stage d delta a m l :
  fixed d delta l -> (1 <= m)%nat ->
  mean (sample m l) (fun x => error d delta a (average d a x))
  = claimed_second (INR d) (INR m) * (delta ^ 2 * dot d a a).
Proof.
  intros F K. rewrite one_stage by assumption. unfold claimed_second. field. apply not_0_INR. lia.
Qed.

(* Any weight, and any dependence of the second stage's law on the first stage's draws. *)
Definition two_stages (k m : nat) (l : law vec) (next : list vec -> law vec) : law (list vec * list vec) :=
  bind (sample k l) (fun x => image (pair x) (sample m (next x))).
Definition combination (d : nat) (a : vec) (w : R) (xy : list vec * list vec) : vec :=
  fun i => w * average d a (fst xy) i + (1 - w) * average d a (snd xy) i.

Theorem combined d delta a k m l next w :
  fixed d delta l -> (forall x, fixed d delta (next x)) -> (1 <= k)%nat -> (1 <= m)%nat ->
  mean (two_stages k m l next) (fun xy => error d delta a (combination d a w xy))
  = claimed_combined (INR d) (INR k) (INR m) w * (delta ^ 2 * dot d a a).
Proof.
  intros F N K M. assert (INR k <> 0) by (apply not_0_INR; lia). assert (INR m <> 0) by (apply not_0_INR; lia).
  unfold two_stages. rewrite mean_bind.
  rewrite (mean_ext _ _ (fun x => w ^ 2 * error d delta a (average d a x)
    + (1 - w) ^ 2 * ((INR d - 1) / INR m * (delta ^ 2 * dot d a a)))).
  - rewrite mean_add, mean_scale, sample_const, one_stage by (assumption || apply F).
    unfold claimed_combined. field. split; assumption.
  - intro x. rewrite mean_image, <- (one_stage d delta a m (next x)) by (assumption || apply N).
    unfold error, combination. simpl fst. simpl snd.
    rewrite !mean_sum, <- !sum_scale, <- sum_add. apply sum_ext. intros i I.
    rewrite (mean_ext _ _ (fun y => w ^ 2 * (average d a x i - delta * a i) ^ 2
      + (2 * w * (1 - w) * (average d a x i - delta * a i) * (average d a y i - delta * a i)
      + (1 - w) ^ 2 * (average d a y i - delta * a i) ^ 2))) by (intro; ring).
    rewrite !mean_add, !mean_scale, sample_const, mean_centred by (assumption || apply (N x)). ring.
Qed.

Theorem optimal d k m w :
  1 < d -> 0 < k -> 0 < m ->
  claimed_best d k m <= claimed_combined d k m w
  /\ (claimed_combined d k m w = claimed_best d k m <-> w = claimed_best_weight k m).
Proof.
  intros D K M.
  assert (E : claimed_combined d k m w - claimed_best d k m
    = (d - 1) * (k + m) / (k * m) * ((w - claimed_best_weight k m) * (w - claimed_best_weight k m)))
    by (unfold claimed_combined, claimed_best, claimed_best_weight; field; lra).
  assert (C : 0 < (d - 1) * (k + m) / (k * m)) by (apply Rdiv_lt_0_compat; apply Rmult_lt_0_compat; lra).
  pose proof (Rle_0_sqr (w - claimed_best_weight k m)) as S. unfold Rsqr in S.
  split; [pose proof (Rmult_le_pos _ _ (Rlt_le _ _ C) S); lra|]. split; intro H.
  - assert (Z : (w - claimed_best_weight k m) * (w - claimed_best_weight k m) = 0).
    { apply Rmult_eq_reg_l with ((d - 1) * (k + m) / (k * m)); lra. }
    apply Rmult_integral in Z. lra.
  - rewrite H in E. rewrite H. lra.
Qed.

Theorem second_alone d k m :
  1 < d -> 0 < k -> 0 < m ->
  claimed_combined d k m 0 = claimed_loss k m * claimed_best d k m /\ 1 < claimed_loss k m.
Proof.
  intros. split; [unfold claimed_combined, claimed_best, claimed_loss; field; lra|].
  replace (claimed_loss k m) with (1 + k / m) by (unfold claimed_loss; field; lra).
  assert (0 < k / m) by (apply Rdiv_lt_0_compat; assumption). lra.
Qed.

(* Points at which the hypotheses hold. *)
Theorem unbiased_given_first_satisfiable : ltac:(hypotheses_of unbiased_given_first).
Proof. exists 1%nat, 1, first, 1%nat, [(1, fun _ => 1)], 0%nat. easy_check. Qed.
