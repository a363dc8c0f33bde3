(* The norm cap: a pointwise inequality for all v, and what follows from its mean. *)

(* n R2 (s n - form) = R2 s (n - s0)^2 + s0^2 (n - s) (R2 - n) *)
Lemma squares s n s0 R2 :
  R2 <> 0 ->
  n * R2 * (s * n - claimed_dual_form s n s0 R2) =
  R2 * (s * ((n - s0) * (n - s0))) + s0 * s0 * ((n - s) * (R2 - n)).
Proof. intro. unfold claimed_dual_form. field. assumption. Qed.

Lemma terms s n s0 R2 :
  0 < R2 -> 0 <= s <= n -> n <= R2 ->
  0 <= R2 * (s * ((n - s0) * (n - s0))) /\ 0 <= s0 * s0 * ((n - s) * (R2 - n)).
Proof.
  intros. pose proof (Rle_0_sqr (n - s0)). pose proof (Rle_0_sqr s0). unfold Rsqr in *.
  split.
  - apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; lra.
  - apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; lra.
Qed.

Theorem dual_inequality s n s0 R2 :
  0 < R2 -> 0 <= s <= n -> n <= R2 -> claimed_dual_form s n s0 R2 <= s * n.
Proof.
  intros C S N. pose proof (squares s n s0 R2) as E. pose proof (terms s n s0 R2 C S N) as T.
  destruct (Req_dec n 0) as [->|Z].
  - assert (s = 0) as -> by lra. unfold claimed_dual_form. pose proof (Rle_0_sqr s0). unfold Rsqr in *.
    apply Rminus_le. replace (_ - _) with (- (s0 * s0)) by (field; lra). lra.
  - assert (0 < n * R2) by (apply Rmult_lt_0_compat; lra).
    apply Rnot_lt_le. intro F.
    pose proof (Rmult_lt_0_compat (n * R2) (claimed_dual_form s n s0 R2 - s * n)). lra.
Qed.

Definition s0_of (d : nat) (delta R2 : R) : R := delta / claimed_p (INR d) delta R2.

Section Cap.
  Variables (d : nat) (delta R2 : R) (u : vec) (l : law vec).
  Hypotheses (dim : (1 <= d)%nat) (scale : 0 < delta) (cap : delta * INR d <= R2)
    (unit : dot d u u = 1) (mean_is : unbiased d delta l) (below : surely l (fun v => length2 d v <= R2)).

  Let room : 0 < R2 - delta * (INR d - 1) /\ 0 < R2.
  Proof. assert (1 <= INR d) by (apply (le_INR 1); lia). split; nra. Qed.

  Let form v := claimed_dual_form (along d u v) (length2 d v) (s0_of d delta R2) R2.

  Let mean_form : mean l form = claimed_value (INR d) delta R2.
  Proof.
    destruct room as [A B]. unfold form, claimed_dual_form.
    set (s0 := s0_of d delta R2).
    rewrite (mean_ext l _ (fun v => - (s0 * s0) + (2 * s0 - s0 * s0 / R2) * along d u v
      + s0 * s0 / R2 * length2 d v)) by (intro; field; lra).
    rewrite (mean_affine d delta) by assumption.
    unfold s0, s0_of, claimed_p, claimed_value. field. lra.
  Qed.

  Let above : surely l (fun v => 0 <= along d u v * length2 d v + -1 * form v).
  Proof.
    intros w v I W. pose proof (below w v I W) as N. simpl in N.
    pose proof (dual_inequality (along d u v) (length2 d v) (s0_of d delta R2) R2
      (proj2 room) (plane d u v unit) N). unfold form. lra.
  Qed.

  Let excess : mean l (fun v => along d u v * length2 d v + -1 * form v)
    = value_of d u l - claimed_value (INR d) delta R2.
  Proof. rewrite mean_add, mean_scale, mean_form. unfold value_of. ring. Qed.

  Theorem bound : claimed_value (INR d) delta R2 <= value_of d u l.
  Proof.
    pose proof (mean_nonneg l _ (proj1 (proj1 mean_is)) above) as P. rewrite excess in P. lra.
  Qed.

  (* Equality exactly where the support lies in the contact set. *)
  Theorem contact :
    delta * INR d < R2 ->
    value_of d u l = claimed_value (INR d) delta R2 <->
    surely l (fun v => (along d u v, length2 d v) = claimed_contact_near (s0_of d delta R2)
      \/ (along d u v, length2 d v) = claimed_contact_far R2).
  Proof.
    intro strict. destruct room as [A B].
    assert (P : s0_of d delta R2 = delta * R2 / (R2 - delta * (INR d - 1)))
      by (unfold s0_of, claimed_p; field; lra).
    assert (Q : 0 < s0_of d delta R2 < R2).
    { rewrite P. split; [apply Rdiv_lt_0_compat; nra|].
      apply Rmult_lt_reg_r with (R2 - delta * (INR d - 1)); [assumption|].
      unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra. }
    set (s0 := s0_of d delta R2) in *.
    unfold claimed_contact_near, claimed_contact_far. split.
    - intro E. assert (Z : mean l (fun v => along d u v * length2 d v + -1 * form v) = 0)
        by (rewrite excess; lra).
      pose proof (mean_zero l _ (proj1 (proj1 mean_is)) above Z) as F.
      intros w v I W. pose proof (F w v I W) as G. pose proof (below w v I W) as N.
      simpl in G, N. unfold form in G. fold s0 in G.
      pose proof (plane d u v unit) as S. revert G N S.
      generalize (along d u v) (length2 d v). intros s n G N S.
      pose proof (squares s n s0 R2 ltac:(lra)) as Y.
      replace (s * n - claimed_dual_form s n s0 R2) with 0 in Y by lra.
      destruct (terms s n s0 R2 B S N) as [T1 T2].
      assert (Y1 : s * ((n - s0) * (n - s0)) = 0) by nra.
      assert (Y2 : (n - s) * (R2 - n) = 0).
      { apply Rmult_eq_reg_l with (s0 * s0); [lra|]. apply Rgt_not_eq, Rmult_lt_0_compat; lra. }
      apply Rmult_integral in Y1, Y2.
      destruct Y1 as [Y1|Y1].
      + destruct Y2 as [Y2|Y2].
        * assert (n = 0 /\ s = 0) as [-> ->] by lra. exfalso.
          unfold claimed_dual_form in G.
          assert (0 < s0 * s0) by (apply Rmult_lt_0_compat; lra).
          replace (_ + _) with (s0 * s0) in G by (field; lra). lra.
        * right. f_equal; lra.
      + assert (n = s0) by (apply Rmult_integral in Y1; lra). left. f_equal; lra.
    - intro F. unfold value_of. rewrite <- mean_form. apply mean_eq; [apply mean_is|].
      intros w v I W. pose proof (F w v I W) as G. simpl in G. unfold form. fold s0.
      destruct G as [G|G]; pose proof (f_equal fst G) as G1; pose proof (f_equal snd G) as G2;
        simpl in G1, G2; rewrite G1, G2; unfold claimed_dual_form; field; lra.
  Qed.
End Cap.

(* The bound for all laws, with infinitely many atoms or none. *)
Theorem bound_for_all_laws d delta R2 u (X : expectation (fun v => length2 d v <= R2)) :
  (1 <= d)%nat -> 0 < delta -> delta * INR d <= R2 -> dot d u u = 1 -> isotropic d delta X ->
  integrable X (fun v => along d u v * length2 d v) ->
  claimed_value (INR d) delta R2 <= expect X (fun v => along d u v * length2 d v).
Proof.
  intros D P C U H I. assert (1 <= INR d) by (apply (le_INR 1); lia).
  assert (A : 0 < R2 - delta * (INR d - 1)) by nra. assert (B : 0 < R2) by nra.
  pose (s0 := s0_of d delta R2).
  replace (claimed_value (INR d) delta R2)
    with (- (s0 * s0) + (2 * s0 - s0 * s0 / R2) * delta + s0 * s0 / R2 * (delta * INR d))
    by (unfold s0, s0_of, claimed_p, claimed_value; field; lra).
  apply (expect_above _ X d delta u U H); [assumption|]. intros v N.
  replace (_ + _ + _) with (claimed_dual_form (along d u v) (length2 d v) s0 R2)
    by (unfold claimed_dual_form; field; lra).
  apply dual_inequality; [assumption|apply plane, U|exact N].
Qed.

Theorem attained m delta R2 :
  (1 <= m)%nat -> 0 < delta -> delta * INR (S m) <= R2 ->
  exists l, unbiased (S m) delta l /\ surely l (fun v => length2 (S m) v <= R2)
    /\ value_of (S m) first l = claimed_value (INR (S m)) delta R2.
Proof.
  intros M D C. rewrite S_INR in *. assert (1 <= INR m) by (apply (le_INR 1); lia).
  pose (p := claimed_p (INR m + 1) delta R2).
  assert (R : p = (R2 - delta * INR m) / R2) by (unfold p, claimed_p; field; nra).
  assert (B : 0 < R2) by nra.
  assert (P : 0 < p < 1) by (rewrite R; apply fraction; nra).
  assert (X : 0 <= delta / p) by (apply Rlt_le, Rdiv_lt_0_compat; lra).
  assert (Near : delta / p <= R2).
  { rewrite R. apply Rmult_le_reg_r with ((R2 - delta * INR m) / R2); [rewrite <- R; lra|].
    unfold Rdiv at 1. rewrite Rmult_assoc, Rinv_l by (rewrite <- R; lra).
    replace (R2 * _) with (R2 - delta * INR m) by (field; lra). lra. }
  exists (two_atoms m p (sqrt (delta / p)) (sqrt R2)). split; [|split].
  - apply two_atoms_unbiased; try assumption; rewrite sqrt_sqrt by lra; [field; lra|].
    rewrite R. field. lra.
  - apply surely_two_atoms.
    + rewrite length2_axis, sqrt_sqrt by (try lia; lra). lra.
    + rewrite length2_axis by lia. replace (_ * _) with (sqrt (delta / p) * sqrt (delta / p)) by ring.
      rewrite sqrt_sqrt by lra. lra.
    + intros k Hk. rewrite !length2_axis by lia.
      replace (- sqrt R2 * - sqrt R2) with (sqrt R2 * sqrt R2) by ring. rewrite sqrt_sqrt by lra. lra.
  - unfold value_of. rewrite (mean_two_atoms m p _ _ (fun s n => s * n)) by assumption.
    rewrite sqrt_sqrt by lra. rewrite R. unfold claimed_value. field. nra.
Qed.
