(* The second-order term E[(a.v)^2 v^T H v] of a step, aligned and spherical, and how far apart they can be. *)

Definition curvature (d : nat) (h : nat -> nat -> R) (a : vec) : R := quadratic d h a / dot d a a.
Definition second_order (d : nat) (h : nat -> nat -> R) (a : vec) (l : law vec) : R :=
  mean l (fun v => dot d a v * dot d a v * quadratic d h v).

Theorem aligned d delta h a l :
  unbiased d delta l -> surely l (fun v => dot d a v * dot d a v = delta * dot d a a) ->
  second_order d h a l = claimed_aligned (trace d h) * (delta ^ 2 * dot d a a).
Proof.
  intros H F. unfold second_order.
  rewrite (mean_eq l _ (fun v => delta * dot d a a * quadratic d h v)).
  - rewrite mean_scale. replace (mean l (quadratic d h)) with (delta * trace d h).
    + unfold claimed_aligned. ring.
    + unfold quadratic, trace. rewrite mean_sum, <- sum_scale. apply sum_ext. intros k K.
      rewrite mean_sum, (sum_ext d _ (fun m => same k m * (delta * h k m))).
      * rewrite sum_pick by assumption. reflexivity.
      * intros m M. rewrite mean_scale, (proj2 H) by assumption. ring.
  - apply H.
  - intros w v I W. rewrite (F w v I W). reflexivity.
Qed.

(* The sphere through its fourth moments. *)
Theorem sphere d delta h a l :
  0 < dot d a a -> fourth d (delta ^ 2 * INR d / (INR d + 2)) 0 l ->
  second_order d h a l = claimed_sphere (INR d) (curvature d h a) (trace d h) * (delta ^ 2 * dot d a a).
Proof.
  intros A F. unfold second_order. rewrite (mean_quadratic d _ _ l a h F).
  unfold claimed_sphere, curvature. pose proof (pos_INR d). field. lra.
Qed.

Theorem smaller d t h :
  0 < d -> claimed_aligned t < claimed_sphere d h t <-> claimed_threshold d t < h.
Proof.
  intro D. assert (E : claimed_sphere d h t - claimed_aligned t = 2 * d / (d + 2) * (h - claimed_threshold d t))
    by (unfold claimed_sphere, claimed_aligned, claimed_threshold; field; lra).
  assert (C : 0 < 2 * d / (d + 2)) by (apply Rdiv_lt_0_compat; lra).
  split; intro H.
  - apply Rnot_le_lt. intro L. pose proof (Rmult_le_compat_l _ (h - claimed_threshold d t) 0 (Rlt_le _ _ C)). lra.
  - pose proof (Rmult_lt_0_compat _ (h - claimed_threshold d t) C). lra.
Qed.

(* x^T H y *)
Definition bilinear (d : nat) (h : nat -> nat -> R) (x y : vec) : R :=
  sum d (fun k => sum d (fun m => h k m * (x k * y m))).

Lemma bilinear_axis d h i y : (i < d)%nat -> bilinear d h (same i) y = sum d (fun m => h i m * y m).
Proof.
  intro I. unfold bilinear.
  rewrite (sum_ext d _ (fun k => same i k * sum d (fun m => h k m * y m))).
  - apply (sum_pick d i (fun k => sum d (fun m => h k m * y m))), I.
  - intros k _. rewrite <- sum_scale. apply sum_ext. intros. ring.
Qed.

Lemma bilinear_swap d h x y :
  (forall k m, (k < d)%nat -> (m < d)%nat -> h k m = h m k) -> bilinear d h x y = bilinear d h y x.
Proof.
  intro S. unfold bilinear. rewrite sum_swap. apply sum_ext. intros m M. apply sum_ext. intros k K.
  rewrite (S k m) by assumption. ring.
Qed.

Lemma quadratic_combine d h b x c y :
  quadratic d h (fun i => b * x i + c * y i)
  = b ^ 2 * quadratic d h x + (b * c * (bilinear d h x y + bilinear d h y x) + c ^ 2 * quadratic d h y).
Proof.
  unfold quadratic, bilinear. rewrite <- sum_add, <- !sum_scale, <- !sum_add. apply sum_ext. intros k _.
  rewrite <- sum_add, <- !sum_scale, <- !sum_add. apply sum_ext. intros. ring.
Qed.

Section Psd.
  Variables (d : nat) (h : nat -> nat -> R) (a : vec).
  Hypotheses (symmetric : forall k m, (k < d)%nat -> (m < d)%nat -> h k m = h m k)
    (psd : forall x, 0 <= quadratic d h x) (nonzero : 0 < dot d a a).

  (* |a|^2 e_i - a_i a is orthogonal to a; these vectors split |a|^2 tr H - a^T H a. *)
  Let p (i : nat) : vec := fun j => dot d a a * same i j + - a i * a j.

  Let split : sum d (fun i => quadratic d h (p i))
    = dot d a a * (dot d a a * trace d h - quadratic d h a).
  Proof.
    rewrite (sum_ext d _ (fun i => dot d a a * dot d a a * h i i
      + (- (2 * dot d a a) * (a i * sum d (fun m => h i m * a m)) + quadratic d h a * (a i * a i)))).
    - rewrite !sum_add, !sum_scale. fold (trace d h) (dot d a a).
      replace (sum d (fun i => a i * sum d (fun m => h i m * a m))) with (quadratic d h a); [ring|].
      apply sum_ext. intros i _. rewrite <- sum_scale. apply sum_ext. intros. ring.
    - intros i I. unfold p. rewrite quadratic_combine, (bilinear_swap d h a) by assumption.
      rewrite bilinear_axis by assumption.
      replace (quadratic d h (same i)) with (h i i); [ring|].
      symmetry. change (bilinear d h (same i) (same i) = h i i).
      rewrite bilinear_axis, (sum_ext d _ (fun m => same i m * h i m)) by (assumption || (intros; ring)).
      apply sum_pick, I.
  Qed.

  Let curved : curvature d h a <= trace d h.
  Proof.
    assert (0 <= sum d (fun i => quadratic d h (p i))) as P by (apply sum_nonneg; intros; apply psd).
    rewrite split in P. unfold curvature. apply Rmult_le_reg_r with (dot d a a); [assumption|].
    unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra.
    apply Rnot_lt_le. intro F.
    pose proof (Rmult_lt_0_compat _ (quadratic d h a - dot d a a * trace d h) nonzero). lra.
  Qed.

  Let gap : claimed_largest_ratio (INR d) * claimed_aligned (trace d h)
    - claimed_sphere (INR d) (curvature d h a) (trace d h)
    = 2 * INR d / (INR d + 2) * (trace d h - curvature d h a).
  Proof.
    pose proof (pos_INR d). unfold claimed_largest_ratio, claimed_aligned, claimed_sphere. field. lra.
  Qed.

  Theorem largest_ratio :
    claimed_sphere (INR d) (curvature d h a) (trace d h)
    <= claimed_largest_ratio (INR d) * claimed_aligned (trace d h).
  Proof.
    pose proof (pos_INR d) as D.
    assert (0 <= 2 * INR d / (INR d + 2)) by (apply Rmult_le_pos; [lra|apply Rlt_le, Rinv_0_lt_compat; lra]).
    pose proof (Rmult_le_pos _ (trace d h - curvature d h a) H ltac:(pose proof curved; lra)) as P.
    rewrite <- gap in P. lra.
  Qed.

  (* Where a positive semidefinite form vanishes, so does H x. *)
  Let kernel x z : quadratic d h x = 0 -> bilinear d h x z = 0.
  Proof.
    intro Z. assert (Q : forall c, 0 <= 2 * c * bilinear d h x z + c ^ 2 * quadratic d h z).
    { intro c. pose proof (psd (fun i => 1 * x i + c * z i)) as P.
      rewrite quadratic_combine, Z, (bilinear_swap d h z x) in P by assumption. lra. }
    pose (b := bilinear d h x z). fold b in Q |- *. pose (q := quadratic d h z). fold q in Q.
    assert (0 <= q) by apply psd.
    pose proof (Q (- b / (q + 1))) as P.
    replace (2 * (- b / (q + 1)) * b + (- b / (q + 1)) ^ 2 * q)
      with (- (b * b * ((q + 2) / ((q + 1) * (q + 1))))) in P by (field; lra).
    assert (0 < (q + 2) / ((q + 1) * (q + 1))) by (apply Rdiv_lt_0_compat; nra).
    pose proof (Rle_0_sqr b) as S. unfold Rsqr in S.
    assert (b * b = 0) by (apply Rle_antisym; [|assumption]; apply Rnot_lt_le; intro;
      pose proof (Rmult_lt_0_compat (b * b) ((q + 2) / ((q + 1) * (q + 1)))); lra).
    apply Rmult_integral in H1. tauto.
  Qed.

  Let zero_terms f : (forall i, (i < d)%nat -> 0 <= f i) -> sum d f = 0 ->
    forall i, (i < d)%nat -> f i = 0.
  Proof.
    clear. induction d as [|e IH]; intros N Z i I; [lia|]. simpl in Z.
    assert (0 <= sum e f) by (apply sum_nonneg; intros; apply N; lia).
    assert (0 <= f e) by (apply N; lia).
    destruct (Nat.eq_dec i e) as [->|E]; [lra|].
    apply IH; [intros; apply N; lia|lra|lia].
  Qed.

  Theorem equality :
    (0 < d)%nat ->
    (claimed_sphere (INR d) (curvature d h a) (trace d h)
      = claimed_largest_ratio (INR d) * claimed_aligned (trace d h)
    <-> exists c, forall i j, (i < d)%nat -> (j < d)%nat -> h i j = c * (a i * a j)).
  Proof.
    intro D. assert (B : 0 < INR d) by (apply lt_0_INR; assumption).
    assert (C : 0 < 2 * INR d / (INR d + 2)) by (apply Rdiv_lt_0_compat; lra).
    assert (E : claimed_sphere (INR d) (curvature d h a) (trace d h)
      = claimed_largest_ratio (INR d) * claimed_aligned (trace d h) <-> quadratic d h a = dot d a a * trace d h).
    { pose proof gap as G. split; intro T.
      - assert (2 * INR d / (INR d + 2) * (trace d h - curvature d h a) = 0) as Z by lra.
        apply Rmult_integral in Z. destruct Z as [Z|Z]; [lra|].
        replace (trace d h) with (curvature d h a) by lra. unfold curvature. field. lra.
      - unfold curvature in G |- *. rewrite T in G |- *.
        replace (dot d a a * trace d h / dot d a a) with (trace d h) in G |- * by (field; lra). lra. }
    rewrite E. clear E. split.
    - intro T. assert (Z : sum d (fun i => quadratic d h (p i)) = 0) by (rewrite split, T; ring).
      pose proof (zero_terms _ (fun i _ => psd (p i)) Z) as Y.
      assert (row : forall i j, (i < d)%nat -> (j < d)%nat ->
        dot d a a * h i j = a i * sum d (fun k => h j k * a k)).
      { intros i j I J. pose proof (kernel (p i) (same j) (Y i I)) as K.
        rewrite bilinear_swap, bilinear_axis in K by assumption. unfold p in K.
        rewrite (sum_ext d _ (fun m => same i m * (dot d a a * h j m) + - a i * (h j m * a m))) in K
          by (intros; ring).
        rewrite sum_add, sum_pick, sum_scale, (symmetric j i) in K by assumption. lra. }
      exists (quadratic d h a / (dot d a a * dot d a a)). intros i j I J.
      assert (col : dot d a a * sum d (fun k => h j k * a k) = a j * quadratic d h a).
      { rewrite <- sum_scale. unfold quadratic. rewrite <- sum_scale. apply sum_ext. intros k K.
        transitivity (a k * (dot d a a * h j k)); [ring|]. rewrite (row j k) by assumption.
        transitivity (a j * (a k * sum d (fun m => h k m * a m))); [ring|]. f_equal.
        rewrite <- sum_scale. apply sum_ext. intros. ring. }
      apply Rmult_eq_reg_l with (dot d a a * dot d a a); [|apply Rgt_not_eq, Rmult_lt_0_compat; lra].
      transitivity (dot d a a * (dot d a a * h i j)); [ring|]. rewrite row by assumption.
      transitivity (a i * (dot d a a * sum d (fun k => h j k * a k))); [ring|]. rewrite col. field. lra.
    - intros [c F]. unfold quadratic, trace.
      rewrite (sum_ext d _ (fun k => c * dot d a a * (a k * a k))).
      + rewrite sum_scale, (sum_ext d (fun k => h k k) (fun k => c * (a k * a k))) by (intros; apply F; assumption).
        rewrite sum_scale. fold (dot d a a). ring.
      + intros k K. rewrite (sum_ext d _ (fun m => c * (a k * a k) * (a m * a m)))
          by (intros m M; rewrite (F k m) by assumption; ring).
        rewrite sum_scale. fold (dot d a a). ring.
  Qed.
End Psd.

(* A point at which the hypotheses hold: the zero matrix on the line. *)
Theorem equality_satisfiable : ltac:(hypotheses_of equality).
Proof.
  exists 1%nat, (fun _ _ => 0), (fun _ => 1).
  split; [reflexivity|]. split; [unfold quadratic; simpl; intro; lra|]. split; [cbv -[Rplus Rmult Rlt IZR]; lra|].
  split; [lia|]. exists 0%nat, 0%nat. split; [lia|]. split; [lia|exact I].
Qed.
