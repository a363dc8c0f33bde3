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

(* For all laws, with infinitely many atoms or none; Cov(s, n) = E[s n] - E s E n. *)
Theorem identity_for_all_laws d delta u support (X : expectation support) :
  dot d u u = 1 -> isotropic d delta X ->
  let product := expect X (fun v => along d u v * length2 d v) in
  product = claimed_V (INR d) delta (product - expect X (along d u) * expect X (length2 d)).
Proof.
  intros U H product.
  rewrite (proj2 (expect_along _ X d delta u U H)), (proj2 (expect_length2 _ X d delta H)).
  unfold claimed_V. ring.
Qed.

Theorem level d delta u l :
  dot d u u = 1 -> unbiased d delta l ->
  (value_of d u l = claimed_level (INR d) delta <-> covariance d u l = 0).
Proof.
  intros U H. rewrite (identity d delta u l U H). unfold claimed_V, claimed_level. split; intro; lra.
Qed.
