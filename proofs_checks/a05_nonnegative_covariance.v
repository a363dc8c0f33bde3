(* Non-negative covariance of s and t = n - s: the square that V adds to the level. *)

Definition across (d : nat) (u v : vec) : R := length2 d v - along d u v.
Definition variance_s (d : nat) (u : vec) (l : law vec) : R :=
  mean l (fun v => (along d u v - mean l (along d u)) ^ 2).
Definition covariance_st (d : nat) (u : vec) (l : law vec) : R :=
  mean l (fun v => (along d u v - mean l (along d u)) * (across d u v - mean l (across d u))).

(* The Lagrangian less a form in s is a square: the multiplier certifies the bound. *)
Theorem lagrangian s t delta :
  s * (s + t) - claimed_multiplier * (s * t) - (2 * delta * s - delta ^ 2) = claimed_residual s delta
  /\ 0 <= claimed_multiplier /\ 0 <= claimed_residual s delta.
Proof. unfold claimed_multiplier, claimed_residual. split; [ring|]. split; [lra|apply pow2_ge_0]. Qed.

Section Covariance.
  Variables (d : nat) (delta : R) (u : vec) (l : law vec).
  Hypotheses (unit : dot d u u = 1) (mean_is : unbiased d delta l).

  Let mean_across : mean l (across d u) = delta * INR d - delta.
  Proof.
    unfold across. rewrite (mean_ext l _ (fun v => length2 d v + -1 * along d u v)) by (intro; ring).
    rewrite mean_add, mean_scale, (mean_along d delta), (mean_length2 d delta) by assumption. ring.
  Qed.

  Let variance : variance_s d u l = mean l (fun v => claimed_residual (along d u v) delta).
  Proof.
    unfold variance_s. rewrite (mean_along d delta) by assumption.
    apply mean_ext. intro. unfold claimed_residual. ring.
  Qed.

  Theorem decomposition :
    value_of d u l = claimed_decomposition (INR d) delta (variance_s d u l) (covariance_st d u l).
  Proof.
    unfold claimed_decomposition, variance_s, covariance_st.
    rewrite mean_across, (mean_along d delta) by assumption.
    rewrite (mean_ext l (fun v => (along d u v - delta) ^ 2) (fun v => along d u v * length2 d v
      + (-1 * (along d u v * across d u v) + (delta ^ 2 + - (2 * delta) * along d u v + 0 * length2 d v))))
      by (intro; unfold across; ring).
    rewrite (mean_ext l (fun v => (along d u v - delta) * _) (fun v => along d u v * across d u v
      + (delta * (delta * INR d - delta) + (2 * delta - delta * INR d) * along d u v + - delta * length2 d v)))
      by (intro; unfold across; ring).
    rewrite !mean_add, !mean_scale, !mean_const, (mean_along d delta), (mean_length2 d delta)
      by (assumption || apply mean_is).
    unfold value_of. ring.
  Qed.

  Theorem bound : 0 <= covariance_st d u l -> claimed_value (INR d) delta <= value_of d u l.
  Proof.
    intro C. rewrite decomposition, variance. unfold claimed_decomposition, claimed_value.
    assert (0 <= mean l (fun v => claimed_residual (along d u v) delta)).
    { apply mean_nonneg; [apply mean_is|]. intros w v I W. apply (lagrangian _ 0). }
    lra.
  Qed.

  Theorem contact :
    0 <= covariance_st d u l ->
    value_of d u l = claimed_value (INR d) delta <-> surely l (fun v => along d u v = delta).
  Proof.
    intro C. rewrite decomposition, variance.
    assert (N : surely l (fun v => 0 <= claimed_residual (along d u v) delta))
      by (intros w v I W; apply (lagrangian _ 0)).
    pose proof (mean_nonneg l _ (proj1 (proj1 mean_is)) N) as P.
    unfold claimed_decomposition, claimed_value. split.
    - intro E. assert (Z : mean l (fun v => claimed_residual (along d u v) delta) = 0) by lra.
      pose proof (mean_zero l _ (proj1 (proj1 mean_is)) N Z) as F.
      intros w v I W. pose proof (F w v I W) as G. simpl in G. unfold claimed_residual in G.
      assert (M : (along d u v - delta) * (along d u v - delta) = 0) by (rewrite <- G; ring).
      apply Rmult_integral in M. lra.
    - intro F.
      rewrite (mean_eq l (fun v => claimed_residual (along d u v) delta) (fun _ => 0)).
      + assert (covariance_st d u l = 0) as ->.
        { unfold covariance_st. rewrite (mean_along d delta) by assumption.
          rewrite (mean_eq l _ (fun _ => 0)); [apply mean_const, mean_is|apply mean_is|].
          intros w v I W. rewrite (F w v I W). ring. }
        rewrite mean_const by apply mean_is. ring.
      + apply mean_is.
      + intros w v I W. rewrite (F w v I W). unfold claimed_residual. ring.
  Qed.
End Covariance.

(* The bound for all laws, with infinitely many atoms or none: Cov(s, t) >= 0 is E[s t] >= E s E t. *)
Theorem bound_for_all_laws d delta u support (X : expectation support) :
  dot d u u = 1 -> isotropic d delta X ->
  integrable X (fun v => along d u v * length2 d v) -> integrable X (fun v => along d u v * across d u v) ->
  delta * (delta * INR d - delta) <= expect X (fun v => along d u v * across d u v) ->
  claimed_value (INR d) delta <= expect X (fun v => along d u v * length2 d v).
Proof.
  intros U H I J C.
  assert (K : integrable X (fun v => - claimed_multiplier * (along d u v * across d u v)))
    by (apply (multiple_in _ X (- claimed_multiplier) (fun v => along d u v * across d u v)), J).
  assert (S : - delta ^ 2 + 2 * delta * delta + 0 * (delta * INR d)
    <= expect X (fun v => along d u v * length2 d v + - claimed_multiplier * (along d u v * across d u v))).
  { apply (expect_above _ X d delta u U H).
    - apply (sum_in _ X (fun v => along d u v * length2 d v)); assumption.
    - intros v _. destruct (lagrangian (along d u v) (across d u v) delta) as [E [_ R]].
      unfold across in *. replace (along d u v + (length2 d v - along d u v)) with (length2 d v) in E by ring. lra. }
  rewrite (expect_add _ X (fun v => along d u v * length2 d v)), expect_scale in S by assumption.
  pose proof (proj1 (proj2 (lagrangian 0 0 delta))) as M.
  pose proof (Rmult_le_compat_l _ _ _ M C). unfold claimed_multiplier, claimed_value in *. lra.
Qed.

(* The law that is aligned with the first axis, and of one other axis at a time across it. *)
Definition corner (k : nat) (x y : R) : vec := fun i => same 0 i * x + same (S k) i * y.

Fixpoint corners (m : nat) (w x y : R) : law vec :=
  match m with
  | O => []
  | S k => (w, corner k x y) :: (w, corner k x (- y)) :: (w, corner k (- x) y) :: (w, corner k (- x) (- y))
      :: corners k w x y
  end.

Lemma mean_corners m w x y f :
  mean (corners m w x y) f = w * sum m (fun k => f (corner k x y) + f (corner k x (- y))
    + f (corner k (- x) y) + f (corner k (- x) (- y))).
Proof. induction m as [|m IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma corners_positive m w x y : 0 <= w -> Forall (fun a => 0 <= fst a) (corners m w x y).
Proof.
  intro H. induction m; simpl; [apply Forall_nil|].
  repeat (apply Forall_cons; [assumption|]). assumption.
Qed.

Theorem attained m delta :
  (1 <= m)%nat -> 0 < delta ->
  exists l, unbiased (S m) delta l /\ covariance_st (S m) first l = 0
    /\ value_of (S m) first l = claimed_value (INR (S m)) delta.
Proof.
  intros M D. assert (0 < INR m) as I by (apply lt_0_INR; lia).
  assert (X : sqrt delta * sqrt delta = delta) by (apply sqrt_sqrt; lra).
  assert (Y : sqrt (delta * INR m) * sqrt (delta * INR m) = delta * INR m)
    by (apply sqrt_sqrt, Rlt_le, Rmult_lt_0_compat; lra).
  revert X Y. generalize (sqrt delta) (sqrt (delta * INR m)). intros x y X Y.
  pose (l := corners m (/ (4 * INR m)) x y).
  assert (H : unbiased (S m) delta l).
  { split; [split|].
    - apply corners_positive, Rlt_le, Rinv_0_lt_compat. lra.
    - unfold l. rewrite mean_corners, sum_const. field. lra.
    - intros i j Hi Hj. unfold l. rewrite mean_corners. unfold corner.
      rewrite (sum_ext m _ (fun k => 4 * delta * (same 0 i * same 0 j)
        + 4 * (delta * INR m) * (same (S k) i * same (S k) j))) by (intros; rewrite <- Y, <- X; ring).
      rewrite sum_add, sum_const, sum_scale.
      destruct i as [|i].
      + rewrite (sum_ext m _ (fun _ => 0)) by (intros; rewrite (same_off (S _) 0) by lia; ring).
        rewrite sum_const, same_refl. field. lra.
      + rewrite (same_off 0 (S i)) by lia.
        rewrite (sum_ext m _ (fun k => same i k * same (S k) j)).
        * rewrite sum_pick with (f := fun k => same (S k) j) by lia. field. lra.
        * intros k _. f_equal. unfold same. simpl. rewrite Nat.eqb_sym. reflexivity. }
  assert (F : forall v, v = v -> In v (map snd l) -> along (S m) first v = delta).
  { intros v _ J. unfold l in J. revert J. generalize (/ (4 * INR m)) as w. generalize m at 1 as k.
    intros k w. induction k as [|k IH]; simpl; [intros []|].
    assert (G : forall z t, z * z = delta -> along (S m) first (corner k z t) = delta).
    { intros z t Z. unfold along, first. rewrite dot_axis by lia. unfold corner.
      rewrite same_refl, (same_off (S k) 0) by lia. rewrite <- Z. ring. }
    intros [<-|[<-|[<-|[<-|J]]]]; [apply G; rewrite <- X; ring..|apply IH, J]. }
  assert (A : surely l (fun v => along (S m) first v = delta)).
  { intros w v J _. apply F; [reflexivity|]. apply (in_map snd l (w, v) J). }
  assert (C : covariance_st (S m) first l = 0).
  { unfold covariance_st. rewrite (mean_along (S m) delta) by (apply first_unit || assumption).
    rewrite (mean_eq l _ (fun _ => 0)); [apply mean_const, H|apply H|].
    intros w v J W. rewrite (A w v J W). ring. }
  exists l. split; [assumption|]. split; [assumption|].
  apply contact; [apply first_unit|assumption|lra|assumption].
Qed.
