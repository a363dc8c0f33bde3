(* Fourth moments c (three pairings) + e (all four alike), as those of the classical laws are. *)

Definition fourth (d : nat) (c e : R) (l : law vec) : Prop :=
  forall i j k m, (i < d)%nat -> (j < d)%nat -> (k < d)%nat -> (m < d)%nat ->
  mean l (fun v => v i * v j * (v k * v m))
  = c * (same i j * same k m + same i k * same j m + same i m * same j k)
    + e * (same i j * same i k * same i m).

(* v^T H v and tr H *)
Definition quadratic (d : nat) (h : nat -> nat -> R) (v : vec) : R :=
  sum d (fun k => sum d (fun m => h k m * (v k * v m))).
Definition trace (d : nat) (h : nat -> nat -> R) : R := sum d (fun k => h k k).

Lemma square_sum d a v :
  dot d a v * dot d a v = sum d (fun i => sum d (fun j => a i * a j * (v i * v j))).
Proof.
  unfold dot. rewrite <- sum_scale. apply sum_ext. intros i _.
  rewrite (Rmult_comm (sum _ _)), <- sum_scale. apply sum_ext. intros. ring.
Qed.

Lemma sum_times d f c : sum d f * c = sum d (fun i => f i * c).
Proof. rewrite (Rmult_comm _ c), <- sum_scale. apply sum_ext. intros. ring. Qed.

Lemma mean_quadratic d c e l a h :
  fourth d c e l ->
  mean l (fun v => dot d a v * dot d a v * quadratic d h v)
  = c * (dot d a a * trace d h + 2 * quadratic d h a) + e * sum d (fun i => a i * a i * h i i).
Proof.
  intro T.
  (* for fixed k and m the mean over the law is a double sum of deltas *)
  assert (S : forall k m, (k < d)%nat -> (m < d)%nat ->
    mean l (fun v => dot d a v * dot d a v * (v k * v m))
    = c * (dot d a a * same k m + 2 * (a k * a m)) + e * (a k * a k * same k m)).
  { intros k m Hk Hm.
    rewrite (mean_ext l _ (fun v => sum d (fun i => sum d (fun j => a i * a j * (v i * v j * (v k * v m)))))).
    - rewrite mean_sum.
      rewrite (sum_ext d _ (fun i => c * same k m * (a i * a i) + (same k i * (c * (a i * a m))
        + (same m i * (c * (a i * a k)) + same k i * (e * (a i * a i * same i m)))))).
      + rewrite !sum_add, sum_scale. fold (dot d a a).
        rewrite (sum_pick d k (fun i => c * (a i * a m))), (sum_pick d m (fun i => c * (a i * a k))),
          (sum_pick d k (fun i => e * (a i * a i * same i m))) by assumption. ring.
      + intros i Hi. rewrite mean_sum.
        rewrite (sum_ext d _ (fun j => same i j * (c * same k m * (a i * a j))
          + (same m j * (c * same k i * (a i * a j)) + (same k j * (c * same m i * (a i * a j))
          + same i j * (e * same k i * same i m * (a i * a j)))))).
        * rewrite !sum_add, !sum_pick by assumption. ring.
        * intros j Hj. rewrite mean_scale, T by assumption.
          rewrite (same_sym i k), (same_sym j m), (same_sym i m), (same_sym j k). ring.
    - intro v. rewrite square_sum, sum_times. apply sum_ext. intros. rewrite sum_times.
      apply sum_ext. intros. ring. }
  unfold quadratic at 1.
  rewrite (mean_ext l _ (fun v => sum d (fun k => sum d (fun m =>
    h k m * (dot d a v * dot d a v * (v k * v m)))))).
  - rewrite mean_sum. unfold trace, quadratic.
    rewrite <- !sum_scale, <- !sum_add, <- !sum_scale, <- sum_add.
    apply sum_ext. intros k Hk. rewrite mean_sum.
    rewrite (sum_ext d _ (fun m => same k m * (c * dot d a a * h k m + e * (a k * a k) * h k m)
      + 2 * c * (h k m * (a k * a m)))).
    + rewrite sum_add, sum_scale, sum_pick by assumption. ring.
    + intros m Hm. rewrite mean_scale, S by assumption. ring.
  - intro v. rewrite <- sum_scale. apply sum_ext. intros. rewrite <- sum_scale. apply sum_ext. intros. ring.
Qed.
