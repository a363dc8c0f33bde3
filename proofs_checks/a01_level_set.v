(* The level set: E[s n] splits into the product of the means and the covariance. *)

Definition covariance (d : nat) (u : vec) (l : law vec) : R :=
  mean l (fun v => (along d u v - mean l (along d u)) * (length2 d v - mean l (length2 d))).

Theorem identity d delta u l :
  dot d u u = 1 -> unbiased d delta l ->
  value_of d u l = claimed_V (INR d) delta (covariance d u l).
Proof.
  intros U H. unfold covariance, claimed_V.
  rewrite (mean_along d delta), (mean_length2 d delta) by assumption.
  rewrite (mean_ext l _ (fun v => along d u v * length2 d v
    + (delta * (delta * INR d) + - (delta * INR d) * along d u v + - delta * length2 d v)))
    by (intro; ring).
  rewrite mean_add, (mean_affine d delta) by assumption. unfold value_of. ring.
Qed.

Theorem level d delta u l :
  dot d u u = 1 -> unbiased d delta l ->
  (value_of d u l = claimed_level (INR d) delta <-> covariance d u l = 0).
Proof.
  intros U H. rewrite (identity d delta u l U H). unfold claimed_V, claimed_level. split; intro; lra.
Qed.
