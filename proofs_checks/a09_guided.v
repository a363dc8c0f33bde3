(* A guide of alignment rho: rest = sqrt((1 - rho^2)(d - 1)), weights rho^2 along it and rest^2/(d-1)^2 across. *)

(* s and n are those of the guide. The gradient is rho e + sqrt(1 - rho^2) b, and b is isotropic across e. *)
Definition cost_at (d rho rest s n : R) : R := (rho ^ 2 * s + rest ^ 2 / (d - 1) ^ 2 * (n - s)) * n.
Definition guided_value (d : nat) (rho rest : R) (e : vec) (l : law vec) : R :=
  mean l (fun v => cost_at (INR d) rho rest (along d e v) (length2 d v)).

(* That cost is E[(a.v)^2] |v|^2 over a gradient whose rest has mean 0 and E[b b^T] = (I - e e^T)/(d-1). *)
Theorem objective d rho rest e v (b : law vec) :
  (2 <= d)%nat -> dot d e e = 1 -> rest ^ 2 = (1 - rho ^ 2) * (INR d - 1) -> 0 <= 1 - rho ^ 2 ->
  probability b -> mean b (fun x => dot d x v) = 0 ->
  mean b (fun x => dot d x v ^ 2) = (length2 d v - along d e v) / (INR d - 1) ->
  mean b (fun x => dot d (fun i => rho * e i + sqrt (1 - rho ^ 2) * x i) v ^ 2 * length2 d v)
  = cost_at (INR d) rho rest (along d e v) (length2 d v).
Proof.
  intros D U R P B Z S. assert (1 < INR d) by (apply (lt_INR 1); lia).
  pose (k := sqrt (1 - rho ^ 2)). assert (K : k * k = 1 - rho ^ 2) by (apply sqrt_sqrt; assumption).
  rewrite (mean_ext b _ (fun x => (rho ^ 2 * along d e v * length2 d v
    + (2 * rho * k * dot d e v * length2 d v) * dot d x v) + (k * k * length2 d v) * dot d x v ^ 2)).
  - rewrite !mean_add, !mean_scale, mean_const, Z, S, K by assumption.
    unfold cost_at. rewrite R. field. lra.
  - intro x. rewrite dot_combine. fold k. unfold along. ring.
Qed.

(* n (cost - form) = rho^2 s (n - delta (rho+rest)/rho)^2 + (n - s) (rest/(d-1) n - delta (rho+rest))^2 *)
Definition form_at (d delta rho rest s n : R) : R :=
  - claimed_V delta rho rest + 2 * delta * (rho + rest) * (rho * s + rest / (d - 1) * (n - s)).

Lemma squares d delta rho rest s n :
  1 < d ->
  n * (cost_at d rho rest s n - form_at d delta rho rest s n) =
  s * ((rho * n - delta * (rho + rest)) * (rho * n - delta * (rho + rest)))
  + (n - s) * ((rest / (d - 1) * n - delta * (rho + rest)) * (rest / (d - 1) * n - delta * (rho + rest))).
Proof. intro. unfold cost_at, form_at, claimed_V. field. lra. Qed.

Theorem dual_inequality d delta rho rest s n :
  1 < d -> 0 <= s <= n -> form_at d delta rho rest s n <= cost_at d rho rest s n.
Proof.
  intros D S. destruct (Req_dec n 0) as [->|Z].
  - assert (s = 0) as -> by lra. unfold form_at, cost_at, claimed_V.
    pose proof (Rle_0_sqr (delta * (rho + rest))). unfold Rsqr in *. apply Rminus_le.
    replace (_ - _) with (- (delta * (rho + rest) * (delta * (rho + rest)))) by (field; lra). lra.
  - pose proof (squares d delta rho rest s n D) as E.
    pose proof (Rle_0_sqr (rho * n - delta * (rho + rest))) as A.
    pose proof (Rle_0_sqr (rest / (d - 1) * n - delta * (rho + rest))) as B. unfold Rsqr in *.
    pose proof (Rmult_le_pos s _ ltac:(lra) A). pose proof (Rmult_le_pos (n - s) _ ltac:(lra) B).
    apply Rnot_lt_le. intro F.
    pose proof (Rmult_lt_0_compat n (form_at d delta rho rest s n - cost_at d rho rest s n)). lra.
Qed.

Theorem bound d delta rho rest e l :
  (2 <= d)%nat -> dot d e e = 1 -> unbiased d delta l ->
  rest ^ 2 = (1 - rho ^ 2) * (INR d - 1) ->
  claimed_V delta rho rest <= guided_value d rho rest e l.
Proof.
  intros D U H R. assert (1 < INR d) as B by (apply (lt_INR 1); lia).
  apply (duality l _ (fun v => form_at (INR d) delta rho rest (along d e v) (length2 d v))).
  - apply H.
  - intros w v I W. apply dual_inequality; [assumption|apply plane, U].
  - unfold form_at. set (q := rest / (INR d - 1)).
    rewrite (mean_ext l _ (fun v => - claimed_V delta rho rest
      + 2 * delta * (rho + rest) * (rho - q) * along d e v + 2 * delta * (rho + rest) * q * length2 d v))
      by (intro; ring).
    rewrite (mean_affine d delta) by assumption. unfold claimed_V, q. field. lra.
Qed.

(* The bound for all laws, with infinitely many atoms or none. *)
Theorem bound_for_all_laws d delta rho rest e support (X : expectation support) :
  (2 <= d)%nat -> dot d e e = 1 -> isotropic d delta X -> rest ^ 2 = (1 - rho ^ 2) * (INR d - 1) ->
  integrable X (fun v => cost_at (INR d) rho rest (along d e v) (length2 d v)) ->
  claimed_V delta rho rest <= expect X (fun v => cost_at (INR d) rho rest (along d e v) (length2 d v)).
Proof.
  intros D U H R I. assert (1 < INR d) as B by (apply (lt_INR 1); lia). pose (q := rest / (INR d - 1)).
  replace (claimed_V delta rho rest) with (- claimed_V delta rho rest
    + 2 * delta * (rho + rest) * (rho - q) * delta + 2 * delta * (rho + rest) * q * (delta * INR d))
    by (unfold claimed_V, q; field; lra).
  apply (expect_above _ X d delta e U H); [assumption|]. intros v _.
  replace (_ + _ + _) with (form_at (INR d) delta rho rest (along d e v) (length2 d v))
    by (unfold form_at, q; field; lra).
  apply dual_inequality; [assumption|apply plane, U].
Qed.

Theorem attained m delta rho rest :
  (1 <= m)%nat -> 0 < delta -> 0 < rho -> 0 < rest ->
  let p := claimed_p rho rest in
  let l := two_atoms m p (sqrt (delta / p)) (sqrt (delta * INR m / (1 - p))) in
  0 < p < 1 /\ unbiased (S m) delta l /\ guided_value (S m) rho rest first l = claimed_V delta rho rest.
Proof.
  intros M D A B p l. assert (1 <= INR m) as I by (apply (le_INR 1); lia).
  assert (E : p = rho / (rho + rest)) by (unfold p, claimed_p; field; lra).
  assert (P : 0 < p < 1) by (rewrite E; apply fraction; lra).
  assert (X : 0 <= delta / p) by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  assert (Y : 0 <= delta * INR m / (1 - p))
    by (apply Rlt_le, Rdiv_lt_0_compat; [apply Rmult_lt_0_compat; lra|lra]).
  split; [assumption|]. split.
  - apply two_atoms_unbiased; try assumption; rewrite sqrt_sqrt by assumption; field; lra.
  - unfold guided_value, l.
    rewrite (mean_two_atoms m p _ _ (fun s n => cost_at (INR (S m)) rho rest s n)), !sqrt_sqrt by assumption.
    unfold cost_at, claimed_V. rewrite S_INR, E. field. repeat split; lra.
Qed.

(* Against d: with k = sqrt(d - 1) the difference is a square, zero exactly at rho^2 = 1/d. *)
Theorem comparison d delta rho rest k :
  1 < d -> 0 < delta -> 0 < rho -> 0 < rest -> 0 < k -> k ^ 2 = d - 1 ->
  rest ^ 2 = (1 - rho ^ 2) * (d - 1) ->
  delta ^ 2 * d - claimed_V delta rho rest = delta ^ 2 * claimed_gap_root k rest rho ^ 2
  /\ claimed_V delta rho rest <= delta ^ 2 * d
  /\ (claimed_V delta rho rest = delta ^ 2 * d <-> rho ^ 2 = 1 / d).
Proof.
  intros D P A B K E R.
  assert (F : delta ^ 2 * d - claimed_V delta rho rest = delta ^ 2 * claimed_gap_root k rest rho ^ 2).
  { assert (d = k ^ 2 + 1) as -> by lra. replace (k ^ 2 + 1 - 1) with (k ^ 2) in R by ring.
    unfold claimed_V, claimed_gap_root.
    replace (delta ^ 2 * (k ^ 2 + 1))
      with (delta ^ 2 * (k ^ 2 + 1) * (rho ^ 2 + rest ^ 2 / k ^ 2)) by (rewrite R; field; lra).
    field. lra. }
  assert (0 < delta ^ 2) by (apply pow_lt; assumption).
  split; [assumption|]. split.
  - pose proof (pow2_ge_0 (claimed_gap_root k rest rho)).
    pose proof (Rmult_le_pos (delta ^ 2) _ ltac:(lra) H0). lra.
  - split; intro T.
    + assert (Z : delta ^ 2 * claimed_gap_root k rest rho ^ 2 = 0) by lra.
      apply Rmult_integral in Z. destruct Z as [Z|Z]; [lra|].
      assert (Y : rho * k ^ 2 = rest).
      { assert (G : claimed_gap_root k rest rho * claimed_gap_root k rest rho = 0) by (rewrite <- Z; ring).
        assert (claimed_gap_root k rest rho = 0) as G' by (apply Rmult_integral in G; lra).
        assert (W : claimed_gap_root k rest rho * k = rho * k ^ 2 - rest)
          by (unfold claimed_gap_root; field; lra).
        rewrite G' in W. lra. }
      rewrite E in Y. subst rest. apply Rmult_eq_reg_r with (d * (d - 1)); [|apply Rgt_not_eq; nra].
      replace (1 / d * (d * (d - 1))) with (d - 1) by (field; lra). lra.
    + assert (Y : rest = rho * (d - 1)).
      { assert (Q : (rest - rho * (d - 1)) * (rest + rho * (d - 1)) = 0).
        { replace (_ * _) with (rest ^ 2 - rho ^ 2 * (d - 1) ^ 2) by ring. rewrite R, T. field. lra. }
        assert (0 < rho * (d - 1)) by (apply Rmult_lt_0_compat; lra).
        apply Rmult_integral in Q. lra. }
      unfold claimed_V. rewrite Y. replace (_ * _) with (delta ^ 2 * (rho ^ 2) * d ^ 2) by ring.
      rewrite T. field. lra.
Qed.

(* Points at which the hypotheses hold. *)
Theorem objective_satisfiable : ltac:(hypotheses_of objective).
Proof. exists 2%nat, 1, 0, first, (fun _ => 0), [(1, fun _ => 0)]. easy_check. Qed.
Theorem bound_satisfiable : ltac:(hypotheses_of bound).
Proof. exists 2%nat, 0, 1, 0, first, [(1, fun _ => 0)]. easy_check. Qed.
Theorem bound_for_all_laws_satisfiable : ltac:(hypotheses_of bound_for_all_laws).
Proof. exists 2%nat, 0, 1, 0, first, (fun _ => True), (certainly (fun _ => 0) I). easy_check. Qed.
Theorem comparison_satisfiable : ltac:(hypotheses_of comparison).
Proof. exists 5, 1, (3 / 5), (8 / 5), 2. repeat split; lra. Qed.
