(* No bound for all laws: two atoms are below it. Fixed length and alignment do reach the level. *)

(* In every dimension d >= 2 and for every delta some delta-unbiased law lies below the published minimum. *)
Theorem bound_fails m delta :
  (1 <= m)%nat -> 0 < delta ->
  exists l, unbiased (S m) delta l /\ value_of (S m) first l < claimed_bound (INR (S m)) delta.
Proof.
  intros M D. assert (1 <= INR m) as I by (apply (le_INR 1); lia).
  pose (p := 2 / (INR m + 2)).
  assert (P : 0 < p < 1) by (apply fraction; lra).
  assert (X : 0 <= delta / p) by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  assert (Y : 0 <= delta * INR m / (1 - p))
    by (apply Rlt_le, Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; lra|lra]).
  exists (two_atoms m p (sqrt (delta / p)) (sqrt (delta * INR m / (1 - p)))). split.
  - apply two_atoms_unbiased; try assumption; rewrite sqrt_sqrt by assumption; field; lra.
  - unfold value_of. rewrite (mean_two_atoms m p _ _ (fun s n => s * n)) by assumption.
    rewrite sqrt_sqrt by assumption.
    replace (_ + _) with (delta ^ 2 * (INR m + 2) / 2) by (unfold p; field; lra).
    unfold claimed_bound. rewrite S_INR.
    assert (0 < delta ^ 2) by (apply pow_lt; assumption). nra.
Qed.

Theorem fixed_length_reaches d delta u l :
  dot d u u = 1 -> unbiased d delta l -> surely l (fun v => length2 d v = delta * INR d) ->
  value_of d u l = claimed_reached (INR d) delta.
Proof.
  intros U H F. unfold value_of.
  rewrite (mean_eq l _ (fun v => delta * INR d * along d u v)).
  - rewrite mean_scale, (mean_along d delta) by assumption. unfold claimed_reached. ring.
  - apply H.
  - intros w v I W. rewrite (F w v I W). ring.
Qed.

Theorem aligned_reaches d delta u l :
  dot d u u = 1 -> unbiased d delta l -> surely l (fun v => along d u v = delta) ->
  value_of d u l = claimed_reached (INR d) delta.
Proof.
  intros U H F. unfold value_of.
  rewrite (mean_eq l _ (fun v => delta * length2 d v)).
  - rewrite mean_scale, (mean_length2 d delta) by assumption. unfold claimed_reached. ring.
  - apply H.
  - intros w v I W. rewrite (F w v I W). ring.
Qed.
