(* A budget on E[n^2]: with w = 1/p, a root of w^2 - d B w + kappa d^2, B = kappa d - d + 2. *)

(* n (s n + beta n^2 - form) = (1 + beta) s (n - s0)^2 + beta (n - s) (n - t0)^2, t0 = s0 + h *)
Definition form_at (s n s0 h : R) : R :=
  - (1 + claimed_beta s0 h) * s0 ^ 2 + 2 * (1 + claimed_beta s0 h) * s0 * s
  + 2 * claimed_beta s0 h * (s0 + h) * (n - s).

Lemma beta_positive s0 h : 0 < s0 -> 0 < h -> 0 < claimed_beta s0 h.
Proof.
  intros. unfold claimed_beta.
  replace (_ * _) with (s0 * s0 / (h * (2 * s0 + h))) by (field; split; nra).
  apply Rdiv_lt_0_compat; nra.
Qed.

Lemma squares s n s0 h :
  0 < s0 -> 0 < h ->
  n * (s * n + claimed_beta s0 h * n ^ 2 - form_at s n s0 h) =
  (1 + claimed_beta s0 h) * (s * ((n - s0) * (n - s0)))
  + claimed_beta s0 h * ((n - s) * ((n - (s0 + h)) * (n - (s0 + h)))).
Proof. intros. unfold form_at, claimed_beta. field. nra. Qed.

Lemma terms s n s0 h :
  0 < s0 -> 0 < h -> 0 <= s <= n ->
  0 <= s * ((n - s0) * (n - s0)) /\ 0 <= (n - s) * ((n - (s0 + h)) * (n - (s0 + h))).
Proof.
  intros. pose proof (Rle_0_sqr (n - s0)). pose proof (Rle_0_sqr (n - (s0 + h))). unfold Rsqr in *.
  split; apply Rmult_le_pos; lra.
Qed.

Theorem dual_inequality s n s0 h :
  0 < s0 -> 0 < h -> 0 <= s <= n -> form_at s n s0 h <= s * n + claimed_beta s0 h * n ^ 2.
Proof.
  intros P Q S. pose proof (beta_positive s0 h P Q) as B.
  destruct (Req_dec n 0) as [->|Z].
  - assert (s = 0) as -> by lra. unfold form_at.
    pose proof (Rmult_lt_0_compat (1 + claimed_beta s0 h) (s0 ^ 2)).
    assert (0 < s0 ^ 2) by (apply pow_lt; assumption). lra.
  - pose proof (squares s n s0 h P Q) as E. destruct (terms s n s0 h P Q S) as [T1 T2].
    pose proof (Rmult_le_pos (1 + claimed_beta s0 h) _ ltac:(lra) T1).
    pose proof (Rmult_le_pos (claimed_beta s0 h) _ ltac:(lra) T2).
    apply Rnot_lt_le. intro F.
    pose proof (Rmult_lt_0_compat n (form_at s n s0 h - (s * n + claimed_beta s0 h * n ^ 2))). lra.
Qed.

(* What the formula of the value is: delta^2 w with 1 < w < d. *)
Lemma root d delta kappa :
  1 < d -> 1 < kappa ->
  exists w, claimed_value d delta kappa = delta ^ 2 * w /\ 1 < w < d
    /\ w * w - d * (kappa * d - d + 2) * w + kappa * d * d = 0.
Proof.
  intros D K. pose (b := kappa * d - d + 2). pose (r := sqrt (b * b - 4 * kappa)).
  assert (N : 0 <= b * b - 4 * kappa).
  { replace (b * b - 4 * kappa) with ((kappa - 1) * ((kappa - 1) * (d * d) + 4 * (d - 1))) by (unfold b; ring).
    assert (0 <= (kappa - 1) * (d * d)) by (apply Rmult_le_pos; nra). apply Rmult_le_pos; lra. }
  assert (S : r * r = b * b - 4 * kappa) by (apply sqrt_sqrt; assumption).
  assert (P : 0 <= r) by apply sqrt_pos.
  exists (d / 2 * (b - r)). split; [|split; [split|]].
  - unfold claimed_value, r, b.
    match goal with |- context [sqrt ?x] =>
      replace x with ((kappa * d - d + 2) * (kappa * d - d + 2) - 4 * kappa) by ring end.
    field.
  - (* (d b - 2)^2 - (d r)^2 = 4 (d - 1)^2 *)
    assert (0 < d * b - 2) by (unfold b; nra).
    assert ((d * b - 2) * (d * b - 2) - d * r * (d * r) = 4 * ((d - 1) * (d - 1)))
      by (replace (d * r * (d * r)) with (d * d * (r * r)) by ring; rewrite S; unfold b; ring).
    assert (0 < (d - 1) * (d - 1)) by (apply Rmult_lt_0_compat; lra).
    assert (0 <= d * r) by (apply Rmult_le_pos; lra).
    apply Rnot_le_lt. intro F. assert (d * b - 2 <= d * r) by lra. nra.
  - (* r^2 - (b - 2)^2 = 4 (kappa - 1) (d - 1) *)
    assert (r * r - (b - 2) * (b - 2) = 4 * ((kappa - 1) * (d - 1))) by (rewrite S; unfold b; ring).
    assert (0 < (kappa - 1) * (d - 1)) by (apply Rmult_lt_0_compat; lra).
    assert (0 < b - 2) by (unfold b; nra).
    assert (b - 2 < r) by (apply Rnot_le_lt; intro; nra). nra.
  - replace (_ + _) with (d * d / 4 * (r * r - (b * b - 4 * kappa))) by (unfold b; field).
    rewrite S. ring.
Qed.

Definition square_length (d : nat) (l : law vec) : R := mean l (fun v => length2 d v ^ 2).
Definition budget (d : nat) (delta kappa : R) : R := kappa * delta ^ 2 * INR d ^ 2.

(* The two atoms: |v|^2 = delta w along the gradient, delta (d-1) w/(w-1) across it, where w = V / delta^2. *)
Definition near (d : nat) (delta kappa : R) : R := claimed_value (INR d) delta kappa / delta.
Definition far (d : nat) (delta kappa : R) : R :=
  delta * (INR d - 1) / (1 - delta ^ 2 / claimed_value (INR d) delta kappa).

Section Budget.
  Variables (d : nat) (delta kappa : R) (u : vec) (l : law vec).
  Hypotheses (dim : (2 <= d)%nat) (scale : 0 < delta) (more : 1 < kappa)
    (unit : dot d u u = 1) (mean_is : unbiased d delta l).

  Let big : 1 < INR d.
  Proof. apply (lt_INR 1). lia. Qed.

  Let s0 := near d delta kappa.
  Let h := far d delta kappa - s0.
  Let beta := claimed_beta s0 h.

  (* Both lengths through the root w. *)
  Let lengths : exists w, claimed_value (INR d) delta kappa = delta ^ 2 * w /\ 1 < w < INR d
    /\ w * w - INR d * (kappa * INR d - INR d + 2) * w + kappa * INR d * INR d = 0
    /\ s0 = delta * w /\ s0 + h = delta * (INR d - 1) * w / (w - 1).
  Proof.
    destruct (root (INR d) delta kappa big more) as [w [E [W Q]]].
    exists w. repeat split; try tauto; unfold h, s0, near, far; rewrite E.
    - field. lra.
    - field. repeat split; nra.
  Qed.

  Let positive : 0 < s0 /\ 0 < h.
  Proof.
    destruct lengths as [w [_ [W [_ [E1 E2]]]]]. rewrite E1 in *. split; [nra|].
    replace h with (delta * w * (INR d - w) / (w - 1)).
    - apply Rdiv_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; lra.
    - apply Rplus_eq_reg_l with (delta * w). rewrite E2. field. lra.
  Qed.

  (* The form's mean, E s = delta and E n = delta d *)
  Let dual_value :
    - (1 + beta) * s0 ^ 2 + (2 * (1 + beta) * s0 - 2 * beta * (s0 + h)) * delta
      + 2 * beta * (s0 + h) * (delta * INR d)
    = claimed_value (INR d) delta kappa + beta * budget d delta kappa.
  Proof.
    destruct lengths as [w [E [W [Q [E1 E2]]]]]. destruct positive as [P1 P2].
    assert (B : beta * ((s0 + h) ^ 2 - s0 ^ 2) = s0 ^ 2) by (unfold beta, claimed_beta; field; nra).
    assert (K : kappa = (w * INR d * (INR d - 2) + w * w) / (INR d * INR d * (w - 1))).
    { apply Rmult_eq_reg_l with (INR d * INR d * (w - 1)); [|apply Rgt_not_eq; nra].
      replace (_ * (_ / _)) with (w * INR d * (INR d - 2) + w * w) by (field; split; lra). lra. }
    assert (B' : beta = (w - 1) ^ 2 / ((INR d - w) * (INR d + w - 2))).
    { assert ((s0 + h) ^ 2 - s0 ^ 2 = delta ^ 2 * w ^ 2 * ((INR d - w) * (INR d + w - 2)) / (w - 1) ^ 2) as Y
        by (rewrite E2, E1; field; lra).
      rewrite Y, E1 in B.
      apply Rmult_eq_reg_r
        with (delta ^ 2 * w ^ 2 * ((INR d - w) * (INR d + w - 2)) / (w - 1) ^ 2).
      - rewrite B. field. repeat split; lra.
      - apply Rgt_not_eq, Rdiv_lt_0_compat; [|apply pow_lt; lra].
        apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat; apply pow_lt; lra|].
        apply Rmult_lt_0_compat; lra. }
    unfold budget. rewrite E, E2, E1, B', K. field. repeat split; lra.
  Qed.

  (* The bound for all laws, with infinitely many atoms or none. *)
  Theorem bound_for_all_laws support (X : expectation support) :
    isotropic d delta X -> integrable X (fun v => along d u v * length2 d v) ->
    integrable X (fun v => length2 d v ^ 2) -> expect X (fun v => length2 d v ^ 2) <= budget d delta kappa ->
    claimed_value (INR d) delta kappa <= expect X (fun v => along d u v * length2 d v).
  Proof.
    intros H I J B. assert (K : integrable X (fun v => beta * length2 d v ^ 2))
      by (apply (multiple_in _ X beta (fun v => length2 d v ^ 2)), J).
    assert (S : claimed_value (INR d) delta kappa + beta * budget d delta kappa
      <= expect X (fun v => along d u v * length2 d v + beta * length2 d v ^ 2)).
    { rewrite <- dual_value. apply (expect_above _ X d delta u unit H).
      - apply (sum_in _ X (fun v => along d u v * length2 d v)); assumption.
      - intros v _. pose proof (dual_inequality (along d u v) (length2 d v) s0 h (proj1 positive)
          (proj2 positive) (plane d u v unit)) as F. unfold form_at in F. fold beta in F. lra. }
    rewrite (expect_add _ X (fun v => along d u v * length2 d v)), (expect_scale _ X beta) in S by assumption.
    pose proof (beta_positive s0 h (proj1 positive) (proj2 positive)) as P. fold beta in P.
    pose proof (Rmult_le_compat_l beta _ _ (Rlt_le _ _ P) B). lra.
  Qed.

  Let cost v := along d u v * length2 d v + beta * length2 d v ^ 2.
  Let form v := form_at (along d u v) (length2 d v) s0 h.

  Let below : surely l (fun v => form v <= cost v).
  Proof. intros w v I W. apply dual_inequality; try apply positive. apply plane, unit. Qed.

  Let mean_cost : mean l cost = value_of d u l + beta * square_length d l.
  Proof. unfold cost. rewrite mean_add, mean_scale. reflexivity. Qed.

  Let mean_form : mean l form = claimed_value (INR d) delta kappa + beta * budget d delta kappa.
  Proof.
    rewrite <- dual_value. unfold form, form_at. fold beta.
    rewrite (mean_ext l _ (fun v => - (1 + beta) * s0 ^ 2
      + (2 * (1 + beta) * s0 - 2 * beta * (s0 + h)) * along d u v + 2 * beta * (s0 + h) * length2 d v))
      by (intro; ring).
    apply (mean_affine d delta); assumption.
  Qed.

  Let weak : mean l form <= mean l cost /\ (mean l cost = mean l form <-> surely l (fun v => cost v = form v)).
  Proof. apply duality; [apply mean_is|exact below|reflexivity]. Qed.

  Hypothesis within : square_length d l <= budget d delta kappa.

  Theorem bound : claimed_value (INR d) delta kappa <= value_of d u l.
  Proof.
    destruct weak as [W _]. rewrite mean_cost, mean_form in W.
    pose proof (beta_positive s0 h (proj1 positive) (proj2 positive)) as B. fold beta in B. nra.
  Qed.

  Theorem contact :
    value_of d u l = claimed_value (INR d) delta kappa <->
    square_length d l = budget d delta kappa /\
    surely l (fun v => along d u v = near d delta kappa /\ length2 d v = near d delta kappa
      \/ along d u v = 0 /\ length2 d v = far d delta kappa).
  Proof.
    destruct positive as [P Q]. pose proof (beta_positive s0 h P Q) as B. fold beta in B.
    destruct weak as [W X]. rewrite mean_cost, mean_form in W, X.
    assert (F : far d delta kappa = s0 + h) by (unfold h; ring). rewrite F. fold s0.
    assert (points : forall s n, 0 <= s <= n ->
      s * n + beta * n ^ 2 = form_at s n s0 h <-> s = s0 /\ n = s0 \/ s = 0 /\ n = s0 + h).
    { intros s n S. pose proof (squares s n s0 h P Q) as Y. fold beta in Y.
      destruct (terms s n s0 h P Q S) as [T1 T2]. split.
      - intro E. rewrite E in Y.
        assert (Y1 : s * ((n - s0) * (n - s0)) = 0) by nra.
        assert (Y2 : (n - s) * ((n - (s0 + h)) * (n - (s0 + h))) = 0) by nra.
        apply Rmult_integral in Y1, Y2. destruct Y1 as [Y1|Y1].
        + destruct Y2 as [Y2|Y2].
          * assert (n = 0 /\ s = 0) as [-> ->] by lra. exfalso. unfold form_at in E. fold beta in E.
            assert (0 < (1 + beta) * s0 ^ 2) by (apply Rmult_lt_0_compat; [lra|apply pow_lt; lra]). lra.
          * right. apply Rmult_integral in Y2. lra.
        + left. assert (n = s0) by (apply Rmult_integral in Y1; lra). subst n.
          assert (h * h > 0) by (apply Rmult_lt_0_compat; lra).
          destruct Y2 as [Y2|Y2]; [lra|].
          replace (_ * _) with (h * h) in Y2 by ring. lra.
      - intros [[-> ->]|[-> ->]]; unfold form_at; fold beta; [ring|].
        unfold beta, claimed_beta. field. nra. }
    split.
    - intro E. assert (square_length d l = budget d delta kappa) as U by nra. split; [assumption|].
      assert (C : surely l (fun v => cost v = form v)) by (apply X; rewrite E, U; reflexivity).
      intros w v I V. apply points; [apply plane, unit|]. apply (C w v I V).
    - intros [U C]. assert (C' : surely l (fun v => cost v = form v)).
      { intros w v I V. apply points; [apply plane, unit|]. apply (C w v I V). }
      apply X in C'. rewrite U in C'. lra.
  Qed.
End Budget.

Theorem attained m delta kappa :
  (1 <= m)%nat -> 0 < delta -> 1 < kappa ->
  exists l, unbiased (S m) delta l /\ square_length (S m) l = budget (S m) delta kappa
    /\ value_of (S m) first l = claimed_value (INR (S m)) delta kappa.
Proof.
  intros M D K. assert (1 <= INR m) as I by (apply (le_INR 1); lia).
  destruct (root (INR (S m)) delta kappa ltac:(rewrite S_INR; lra) K) as [w [E [W Q]]].
  rewrite S_INR in W, Q.
  assert (P : 0 < / w < 1) by (replace (/ w) with (1 / w) by (field; lra); apply fraction; lra).
  assert (X : 0 <= delta * w) by nra.
  assert (Y : 0 <= delta * INR m * w / (w - 1)).
  { apply Rlt_le, Rdiv_lt_0_compat; [|lra]. apply Rmult_lt_0_compat; [apply Rmult_lt_0_compat|]; lra. }
  exists (two_atoms m (/ w) (sqrt (delta * w)) (sqrt (delta * INR m * w / (w - 1)))). split; [|split].
  - apply two_atoms_unbiased; try assumption; rewrite sqrt_sqrt by assumption; field; lra.
  - unfold square_length.
    rewrite (mean_two_atoms m (/ w) _ _ (fun s n => n ^ 2)), !sqrt_sqrt by assumption.
    unfold budget. rewrite S_INR.
    assert (kappa = (w * (INR m + 1) * (INR m - 1) + w * w) / ((INR m + 1) * (INR m + 1) * (w - 1))) as ->.
    { apply Rmult_eq_reg_l with ((INR m + 1) * (INR m + 1) * (w - 1)); [|apply Rgt_not_eq; nra].
      replace (_ * (_ / _)) with (w * (INR m + 1) * (INR m - 1) + w * w) by (field; split; lra). lra. }
    field. lra.
  - unfold value_of. rewrite (mean_two_atoms m (/ w) _ _ (fun s n => s * n)), !sqrt_sqrt by assumption.
    rewrite E. field. lra.
Qed.

(* kappa = 1: E (n - delta d)^2 <= 0, so only fixed length is left. *)
Theorem at_one d delta u l :
  (1 <= d)%nat -> 0 < delta -> dot d u u = 1 -> unbiased d delta l ->
  square_length d l <= budget d delta 1 ->
  mean l (fun v => claimed_slack (length2 d v) delta (INR d)) = 0
  /\ surely l (fun v => length2 d v = delta * INR d) /\ value_of d u l = claimed_at_one (INR d) delta
  /\ claimed_at_one (INR d) delta = claimed_value (INR d) delta 1.
Proof.
  intros D P U H B. assert (N : surely l (fun v => 0 <= claimed_slack (length2 d v) delta (INR d)))
    by (intros w v I W; apply pow2_ge_0).
  assert (Z : mean l (fun v => claimed_slack (length2 d v) delta (INR d)) = 0).
  { apply Rle_antisym; [|apply mean_nonneg; [apply H|assumption]].
    unfold claimed_slack.
    rewrite (mean_ext l _ (fun v => length2 d v ^ 2
      + ((delta * INR d) ^ 2 + 0 * along d u v + - (2 * delta * INR d) * length2 d v))) by (intro; ring).
    rewrite mean_add, (mean_affine d delta) by assumption.
    unfold square_length, budget in B. lra. }
  assert (F : surely l (fun v => length2 d v = delta * INR d)).
  { intros w v I W. pose proof (mean_zero l _ (proj1 (proj1 H)) N Z w v I W) as G. simpl in G.
    unfold claimed_slack in G.
    assert (M : (length2 d v - delta * INR d) * (length2 d v - delta * INR d) = 0) by (rewrite <- G; ring).
    apply Rmult_integral in M. lra. }
  split; [assumption|]. split; [assumption|]. split.
  - unfold value_of. rewrite (mean_eq l _ (fun v => delta * INR d * along d u v)).
    + rewrite mean_scale, (mean_along d delta) by assumption. unfold claimed_at_one. ring.
    + apply H.
    + intros w v I W. rewrite (F w v I W). ring.
  - unfold claimed_at_one, claimed_value.
    match goal with |- context [sqrt ?x] => replace x with 0 by ring end. rewrite sqrt_0. field.
Qed.

(* A law that keeps the budget: d = 2, |v|^2 = 4. *)
Lemma four : unbiased 2 2 (two_atoms 1 (1 / 2) 2 2).
Proof. apply two_atoms_unbiased; [lia|lra|lra|simpl; lra]. Qed.

Lemma four_within : square_length 2 (two_atoms 1 (1 / 2) 2 2) <= budget 2 2 2.
Proof. easy_check. Qed.

Theorem bound_satisfiable : ltac:(hypotheses_of bound).
Proof.
  exists 2%nat, 2, 2, first, (two_atoms 1 (1 / 2) 2 2).
  repeat split; try lra; try lia; try apply four; [apply (first_unit 1)|apply four_within].
Qed.

Theorem contact_satisfiable : ltac:(hypotheses_of contact).
Proof. exact bound_satisfiable. Qed.

Theorem bound_for_all_laws_satisfiable : ltac:(hypotheses_of bound_for_all_laws).
Proof.
  exists 2%nat, 2, 2, first. repeat split; try lra; try lia; [apply (first_unit 1)|].
  exists (fun _ => True), (finite _ (proj1 four) (fun _ _ _ _ => I)).
  repeat split; [apply four; assumption|apply four_within].
Qed.
