(* One step of SGD on f = E F, each F with an L-Lipschitz gradient: from the derivative to the bound. *)

Require Import FunctionalExtensionality.

(* y + t h *)
Definition move (y : vec) (t : R) (h : vec) : vec := fun i => y i + t * h i.

(* G is the gradient of F, and L-Lipschitz. *)
Definition smooth (d : nat) (L : R) (F : vec -> R) (G : vec -> vec) : Prop :=
  (forall y h t, derivable_pt_lim (fun t => F (move y t h)) t (dot d (G (move y t h)) h))
  /\ forall y z, dot d (fun i => G z i - G y i) (fun i => G z i - G y i)
      <= L ^ 2 * dot d (fun i => z i - y i) (fun i => z i - y i).

(* The mean value theorem for phi(t) - phi'(0) t -+ K t^2/2. *)
Lemma integral phi slope K :
  (forall t, derivable_pt_lim phi t (slope t)) -> (forall t, 0 <= t -> Rabs (slope t - slope 0) <= K * t) ->
  Rabs (phi 1 - phi 0 - slope 0) <= K / 2.
Proof.
  intros D B.
  assert (one : forall sign, sign = 1 \/ sign = -1 -> sign * (phi 1 - phi 0 - slope 0) <= K / 2).
  { intros sign S. pose (psi := fun t => sign * phi t + (- sign * slope 0 * t + - (K / 2) * (t * t))).
    destruct (MVT_cor2 psi (fun t => sign * slope t + (- sign * slope 0 * 1 + - (K / 2) * (1 * t + t * 1))) 0 1)
      as [t [E T]]; [lra|..].
    - intros t _. unfold psi.
      apply (derivable_pt_lim_plus (fun t => sign * phi t)
        (fun t => - sign * slope 0 * t + - (K / 2) * (t * t))).
      + apply (derivable_pt_lim_scal phi), D.
      + apply (derivable_pt_lim_plus (fun t => - sign * slope 0 * t) (fun t => - (K / 2) * (t * t))).
        * apply (derivable_pt_lim_scal (fun t => t)), derivable_pt_lim_id.
        * apply (derivable_pt_lim_scal (fun t => t * t)).
          apply (derivable_pt_lim_mult (fun t => t) (fun t => t)); apply derivable_pt_lim_id.
    - unfold psi in E. pose proof (B t ltac:(lra)) as P.
      assert (sign * (slope t - slope 0) <= K * t).
      { apply Rle_trans with (Rabs (sign * (slope t - slope 0))); [apply Rle_abs|].
        rewrite Rabs_mult. replace (Rabs sign) with 1; [lra|].
        destruct S as [->| ->]; [rewrite Rabs_right|rewrite Rabs_left]; lra. }
      lra. }
  pose proof (one 1 ltac:(tauto)). pose proof (one (-1) ltac:(tauto)).
  apply Rabs_le. lra.
Qed.

Lemma cauchy_schwarz d x y B C :
  0 <= B -> 0 <= C -> dot d x x <= B ^ 2 -> dot d y y <= C ^ 2 -> Rabs (dot d x y) <= B * C.
Proof.
  intros PB PC HB HC.
  assert (Q : dot d x y * dot d x y <= dot d x x * dot d y y).
  { pose proof (dot_square d y) as Y. destruct (Req_dec (dot d y y) 0) as [Z|Z].
    - assert (P : forall c, 0 <= dot d x x + 2 * c * dot d x y).
      { intro c. pose proof (dot_square d (fun i => 1 * x i + c * y i)) as P.
        rewrite dot_self, Z in P. lra. }
      rewrite Z. destruct (Req_dec (dot d x y) 0) as [->|N]; [lra|].
      pose proof (P (- ((dot d x x + 1) / (2 * dot d x y)))) as P1.
      replace (2 * _ * _) with (- (dot d x x + 1)) in P1 by (field; assumption). lra.
    - pose proof (dot_square d (fun i => dot d y y * x i + - dot d x y * y i)) as P.
      rewrite dot_self in P.
      replace (_ + _) with (dot d y y * (dot d x x * dot d y y - dot d x y * dot d x y)) in P by ring.
      apply Rnot_lt_le. intro N.
      pose proof (Rmult_lt_0_compat (dot d y y) (dot d x y * dot d x y - dot d x x * dot d y y)). lra. }
  apply Rsqr_incr_0_var; [|apply Rmult_le_pos; assumption].
  rewrite <- Rsqr_abs. unfold Rsqr.
  apply Rle_trans with (1 := Q). replace (B * C * (B * C)) with (B ^ 2 * C ^ 2) by ring.
  apply Rmult_le_compat; try assumption; apply dot_square.
Qed.

Lemma dot_minus d x y h : dot d (fun i => x i - y i) h = dot d x h - dot d y h.
Proof.
  transitivity (dot d (fun i => 1 * x i + -1 * y i) h); [|rewrite dot_combine; ring].
  apply sum_ext. intros. ring.
Qed.

Lemma dot_move d y t h :
  dot d (fun i => move y t h i - y i) (fun i => move y t h i - y i) = t ^ 2 * dot d h h.
Proof. unfold dot. rewrite <- sum_scale. apply sum_ext. intros. unfold move. ring. Qed.

Theorem descent_lemma d L F G y h :
  0 <= L -> smooth d L F G ->
  Rabs (F (move y 1 h) - F y - dot d (G y) h) <= L * dot d h h / 2.
Proof.
  intros P [D B]. assert (E : move y 0 h = y) by (apply functional_extensionality; intro; unfold move; ring).
  pose proof (integral (fun t => F (move y t h)) (fun t => dot d (G (move y t h)) h) (L * dot d h h) (D y h)) as I.
  simpl in I. rewrite E in I. apply I. intros t T.
  replace (dot d (G (move y t h)) h - dot d (G y) h)
    with (dot d (fun i => G (move y t h) i - G y i) h)
    by apply dot_minus.
  apply Rle_trans with (L * t * sqrt (dot d h h) * sqrt (dot d h h)).
  - apply cauchy_schwarz; try apply sqrt_pos.
    + repeat apply Rmult_le_pos; try assumption. apply sqrt_pos.
    + apply Rle_trans with (1 := B y (move y t h)).
      rewrite dot_move.
      replace ((L * t * sqrt (dot d h h)) ^ 2) with (L ^ 2 * t ^ 2 * (sqrt (dot d h h) * sqrt (dot d h h))) by ring.
      rewrite sqrt_sqrt by apply dot_square. lra.
    + replace (sqrt (dot d h h) ^ 2) with (sqrt (dot d h h) * sqrt (dot d h h)) by ring.
      rewrite sqrt_sqrt by apply dot_square. lra.
  - rewrite Rmult_assoc, sqrt_sqrt by apply dot_square. lra.
Qed.

Definition length_of (d : nat) (x : vec) : R := sqrt (dot d x x).

Lemma length_square d x : length_of d x ^ 2 = dot d x x.
Proof.
  unfold length_of. replace (_ ^ 2) with (sqrt (dot d x x) * sqrt (dot d x x)) by ring.
  apply sqrt_sqrt, dot_square.
Qed.

(* Both schemes estimate the slope along v to within L mu |v|^2/2. *)
Definition forward (mu : R) (F : vec -> R) (x v : vec) : R := (F (move x mu v) - F x) / mu.
Definition central (mu : R) (F : vec -> R) (x v : vec) : R := (F (move x mu v) - F (move x (- mu) v)) / (2 * mu).

Lemma dot_scaled d G t v : dot d G (fun i => t * v i) = t * dot d G v.
Proof. unfold dot. rewrite <- sum_scale. apply sum_ext. intros. ring. Qed.

Lemma dot_scaled_both d t v : dot d (fun i => t * v i) (fun i => t * v i) = t * (t * dot d v v).
Proof. unfold dot. rewrite <- !sum_scale. apply sum_ext. intros. ring. Qed.

Lemma moved d L F G x t v :
  0 <= L -> smooth d L F G -> Rabs (F (move x t v) - F x - t * dot d (G x) v) <= L * t ^ 2 * dot d v v / 2.
Proof.
  intros P S. pose proof (descent_lemma d L F G x (fun i => t * v i) P S) as D.
  replace (move x 1 (fun i => t * v i)) with (move x t v) in D
    by (apply functional_extensionality; intro; unfold move; ring).
  rewrite dot_scaled, dot_scaled_both in D.
  replace (L * t ^ 2 * dot d v v) with (L * (t * (t * dot d v v))) by ring. exact D.
Qed.

Theorem two_points d L mu F G x v :
  0 <= L -> 0 < mu -> smooth d L F G ->
  Rabs (forward mu F x v - dot d (G x) v) <= L * mu * dot d v v / 2
  /\ Rabs (central mu F x v - dot d (G x) v) <= L * mu * dot d v v / 2.
Proof.
  intros P M S. pose proof (moved d L F G x mu v P S) as A. pose proof (moved d L F G x (- mu) v P S) as B.
  replace (L * (- mu) ^ 2) with (L * mu ^ 2) in B by ring.
  pose proof (Rle_abs (F (move x mu v) - F x - mu * dot d (G x) v)) as A1.
  pose proof (Rle_abs (- (F (move x mu v) - F x - mu * dot d (G x) v))) as A2.
  pose proof (Rle_abs (F (move x (- mu) v) - F x - - mu * dot d (G x) v)) as B1.
  pose proof (Rle_abs (- (F (move x (- mu) v) - F x - - mu * dot d (G x) v))) as B2.
  rewrite Rabs_Ropp in A2, B2.
  assert (Q : mu * (L * mu * dot d v v / 2) = L * mu ^ 2 * dot d v v / 2) by field.
  split; apply Rabs_le; split; apply Rmult_le_reg_l with mu; try assumption; unfold forward, central.
  - replace (mu * (_ / mu - _)) with (F (move x mu v) - F x - mu * dot d (G x) v) by (field; lra). lra.
  - replace (mu * (_ / mu - _)) with (F (move x mu v) - F x - mu * dot d (G x) v) by (field; lra). lra.
  - replace (mu * (_ / (2 * mu) - _))
      with ((F (move x mu v) - F (move x (- mu) v)) / 2 - mu * dot d (G x) v) by (field; lra). lra.
  - replace (mu * (_ / (2 * mu) - _))
      with ((F (move x mu v) - F (move x (- mu) v)) / 2 - mu * dot d (G x) v) by (field; lra). lra.
Qed.

(* E[sqrt(s) n] <= (w E s + E n^2/w)/2 at w = sqrt(E n^2/delta) *)
Theorem beta_bound d delta u l :
  0 < delta -> dot d u u = 1 -> unbiased d delta l -> 0 < mean l (fun v => length2 d v ^ 2) ->
  mean l (fun v => Rabs (dot d u v) * length2 d v)
  <= claimed_beta delta (mean l (fun v => length2 d v ^ 2)).
Proof.
  intros D U H M. set (m4 := mean l (fun v => length2 d v ^ 2)) in *.
  assert (C : claimed_beta delta m4 = sqrt (delta * m4)) by (unfold claimed_beta; rewrite ?sqrt_mult by lra; ring).
  rewrite C. assert (B : 0 < sqrt (delta * m4)) by (apply sqrt_lt_R0, Rmult_lt_0_compat; assumption).
  set (w := sqrt (delta * m4) / delta). assert (W : 0 < w) by (apply Rdiv_lt_0_compat; assumption).
  apply Rle_trans with (mean l (fun v => w / 2 * along d u v + / (2 * w) * length2 d v ^ 2)).
  - apply mean_le; [apply H|]. intros q v I Q.
    assert (S : Rabs (dot d u v) * Rabs (dot d u v) = along d u v)
      by (unfold along; rewrite <- Rabs_mult; apply Rabs_right, Rle_ge, Rle_0_sqr).
    rewrite <- S. revert S. generalize (Rabs (dot d u v)) (length2 d v). intros s n _.
    pose proof (Rle_0_sqr (w * s - n)) as Z. unfold Rsqr in Z.
    apply Rmult_le_reg_l with (2 * w); [lra|].
    replace (2 * w * (_ + _)) with (w * s * (w * s) + n * n) by (field; lra). lra.
  - rewrite mean_add, !mean_scale, (mean_along d delta) by assumption. fold m4. apply Req_le.
    assert (E : sqrt (delta * m4) * sqrt (delta * m4) = delta * m4) by (apply sqrt_sqrt; nra).
    replace m4 with (sqrt (delta * m4) * sqrt (delta * m4) / delta) at 1 by (rewrite E; field; lra).
    unfold w. field. lra.
Qed.

Section Step.
  Variables (d : nat) (delta L mu eta V M6 beta sigma2 theta r : R) (x : vec) (l : law vec)
    (samples : law ((vec -> R) * (vec -> vec))) (slope : (vec -> R) -> vec -> R).
  Hypotheses (delta_positive : 0 < delta) (L_positive : 0 < L) (mu_positive : 0 <= mu) (eta_positive : 0 <= eta) (V_positive : 0 <= V)
    (theta_positive : 0 < theta) (r_positive : 0 < r) (samples_mass : probability samples)
    (each : surely samples (fun s => smooth d L (fst s) (snd s))).

  (* f, its gradient at x, and its length *)
  Let f (y : vec) : R := mean samples (fun s => fst s y).
  Let a : vec := fun i => mean samples (fun s => snd s x i).
  Let A : R := length_of d a.

  Hypotheses (spread : mean samples (fun s => dot d (fun i => snd s x i - a i) (fun i => snd s x i - a i)) <= sigma2)
    (mean_is : unbiased d delta l)
    (energy : forall c, mean l (fun v => dot d c v * dot d c v * length2 d v) <= V * dot d c c)
    (sixth : mean l (fun v => length2 d v ^ 3) <= M6)
    (first_order : mean l (fun v => Rabs (dot d a v) * length2 d v) <= beta * A)
    (close : surely samples (fun s => forall v,
      Rabs (slope (fst s) v - dot d (snd s x) v) <= L * mu * dot d v v / 2)).

  Let mean_dot h : mean samples (fun s => dot d (snd s x) h) = dot d a h.
  Proof.
    unfold dot. rewrite mean_sum. apply sum_ext. intros i _. unfold a.
    rewrite (mean_ext samples _ (fun s => h i * snd s x i)) by (intro; ring). rewrite mean_scale. ring.
  Qed.

  (* The mean of the samples' descent lemmas. *)
  Let fall h : f (move x 1 h) <= f x + dot d a h + L / 2 * dot d h h.
  Proof.
    unfold f. rewrite <- mean_dot, <- (mean_const samples (L / 2 * dot d h h)), <- !mean_add by assumption.
    apply mean_le; [assumption|]. intros w s I W.
    pose proof (descent_lemma d L (fst s) (snd s) x h (Rlt_le _ _ L_positive) (each w s I W)) as D.
    pose proof (Rle_abs (fst s (move x 1 h) - fst s x - dot d (snd s x) h)). lra.
  Qed.

  (* |g|^2 for one draw of v and of the data *)
  Let square (s : (vec -> R) * (vec -> vec)) v :
    Rabs (slope (fst s) v - dot d (snd s x) v) <= L * mu * dot d v v / 2 ->
    slope (fst s) v * slope (fst s) v * length2 d v
    <= (1 + theta) * (dot d (snd s x) v * dot d (snd s x) v * length2 d v)
      + (1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * length2 d v ^ 3.
  Proof.
    intro E. pose proof (dot_square d v) as N. fold (length2 d v) in E, N.
    revert E N. generalize (slope (fst s) v) (dot d (snd s x) v) (length2 d v). intros g y n E N.
    set (e := g - y) in E. assert (G : g = y + e) by (unfold e; ring). rewrite G. clear G. generalize dependent e.
    intros e E.
    assert (T2 : e * e <= L ^ 2 * mu ^ 2 / 4 * (n * n)).
    { replace (L ^ 2 * mu ^ 2 / 4 * (n * n)) with (L * mu * n / 2 * (L * mu * n / 2)) by field.
      apply Rsqr_le_abs_1 with (x := e). rewrite (Rabs_right (L * mu * n / 2)); [assumption|].
      apply Rle_ge, Rle_trans with (2 := E), Rabs_pos. }
    assert (T3 : (y + e) * (y + e) <= (1 + theta) * (y * y) + (1 + / theta) * (e * e)).
    { pose proof (Rle_0_sqr (theta * y - e)) as Q. unfold Rsqr in Q.
      apply Rmult_le_reg_l with theta; [assumption|].
      replace (theta * (_ + _ * (e * e))) with (theta * (1 + theta) * (y * y) + (theta + 1) * (e * e)) by (field; lra).
      lra. }
    assert (0 < 1 + / theta) by (pose proof (Rinv_0_lt_compat _ theta_positive); lra).
    apply Rle_trans with (((1 + theta) * (y * y) + (1 + / theta) * (L ^ 2 * mu ^ 2 / 4 * (n * n))) * n).
    - apply Rmult_le_compat_r; [assumption|]. apply Rle_trans with (1 := T3).
      apply Rplus_le_compat_l, Rmult_le_compat_l; [lra|assumption].
    - apply Req_le. ring.
  Qed.

  (* One draw of v and of the data. *)
  Let pointwise (s : (vec -> R) * (vec -> vec)) v :
    Rabs (slope (fst s) v - dot d (snd s x) v) <= L * mu * dot d v v / 2 ->
    f (move x (- eta * slope (fst s) v) v) <=
    f x + (- eta * (dot d (snd s x) v * dot d a v) + eta * L * mu / 2 * (Rabs (dot d a v) * length2 d v))
    + (L * eta ^ 2 / 2 * (1 + theta) * (dot d (snd s x) v * dot d (snd s x) v * length2 d v)
    + L * eta ^ 2 / 2 * (1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * length2 d v ^ 3).
  Proof.
    intro E. pose proof (fall (fun i => - eta * slope (fst s) v * v i)) as D.
    replace (move x 1 (fun i => - eta * slope (fst s) v * v i)) with (move x (- eta * slope (fst s) v) v) in D
      by (apply functional_extensionality; intro; unfold move; ring).
    rewrite dot_scaled, dot_scaled_both in D.
    fold (length2 d v) in D. apply Rle_trans with (1 := D). clear D.
    pose proof (square s v E) as T4. fold (length2 d v) in E. revert E T4.
    generalize (slope (fst s) v) (dot d (snd s x) v) (dot d a v) (length2 d v). intros g y z n E T4.
    assert (T1 : - ((g - y) * z) <= L * mu / 2 * (Rabs z * n)).
    { apply Rle_trans with (1 := Rle_abs _). rewrite Rabs_Ropp, Rabs_mult.
      replace (L * mu / 2 * (Rabs z * n)) with (L * mu * n / 2 * Rabs z) by field.
      apply Rmult_le_compat_r; [apply Rabs_pos|assumption]. }
    pose proof (Rmult_le_compat_l eta _ _ eta_positive T1).
    assert (0 <= L * eta ^ 2 / 2) as K
      by (pose proof (pow2_ge_0 eta); pose proof (Rmult_le_pos L (eta ^ 2)); lra).
    pose proof (Rmult_le_compat_l _ _ _ K T4). lra.
  Qed.

  Definition after : R :=
    f x - eta * (claimed_drift delta r - claimed_brake L V theta * eta) * A ^ 2
    + eta * claimed_bias L mu beta delta r
    + eta ^ 2 * (claimed_sixth L mu M6 theta + claimed_noise L V sigma2 theta).

  (* Young: (L mu/2) A beta <= omega delta A^2 + bias, omega = r/(1+r) *)
  Theorem young : L * mu / 2 * (A * beta) <= delta * A ^ 2 - claimed_drift delta r * A ^ 2 + claimed_bias L mu beta delta r.
  Proof.
    assert (0 < r * delta) by (apply Rmult_lt_0_compat; assumption).
    assert (E : delta * A ^ 2 - claimed_drift delta r * A ^ 2 + claimed_bias L mu beta delta r - L * mu / 2 * (A * beta)
      = r / (1 + r) * delta * ((A - L * mu * beta * (1 + r) / (4 * r * delta)) * (A - L * mu * beta * (1 + r) / (4 * r * delta))))
      by (unfold claimed_drift, claimed_bias; field; lra).
    assert (0 <= r / (1 + r) * delta)
      by (apply Rmult_le_pos; [apply Rlt_le, Rdiv_lt_0_compat|]; lra).
    pose proof (Rle_0_sqr (A - L * mu * beta * (1 + r) / (4 * r * delta))) as Q. unfold Rsqr in Q.
    pose proof (Rmult_le_pos _ _ H0 Q). lra.
  Qed.

  Let one_plus : 0 < 1 + / theta.
  Proof. pose proof (Rinv_0_lt_compat _ theta_positive). lra. Qed.

  Let mean_square : mean samples (fun s => dot d (snd s x) (snd s x)) <= A ^ 2 + sigma2.
  Proof.
    unfold A. rewrite length_square.
    rewrite (mean_ext samples _ (fun s => dot d (fun i => snd s x i - a i) (fun i => snd s x i - a i)
      + (2 * dot d (snd s x) a + - dot d a a))).
    - rewrite !mean_add, mean_scale, mean_dot, mean_const by assumption. lra.
    - intro s.
      transitivity (dot d (fun i => 1 * snd s x i + -1 * a i) (fun i => 1 * snd s x i + -1 * a i)
        + (2 * dot d (snd s x) a + - dot d a a)).
      + rewrite dot_self. ring.
      + f_equal. apply sum_ext. intros. ring.
  Qed.

  (* E|g|^2 *)
  Theorem second_moment :
    mean samples (fun s => mean l (fun v => slope (fst s) v * slope (fst s) v * length2 d v))
    <= (1 + theta) * V * (A ^ 2 + sigma2) + 2 * claimed_sixth L mu M6 theta / L.
  Proof.
    assert (0 <= (1 + / theta) * (L ^ 2 * mu ^ 2 / 4)) as K.
    { apply Rmult_le_pos; [lra|]. pose proof (Rle_0_sqr (L * mu)) as Q. unfold Rsqr in Q. lra. }
    apply Rle_trans with (mean samples (fun s => (1 + theta) * V * dot d (snd s x) (snd s x)
      + (1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * M6)).
    - apply mean_le; [assumption|]. intros w s I W.
      apply Rle_trans with (mean l (fun v => (1 + theta) * (dot d (snd s x) v * dot d (snd s x) v * length2 d v)
        + (1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * length2 d v ^ 3)).
      + apply mean_le; [apply mean_is|]. intros p v J P. apply square, (close w s I W).
      + rewrite mean_add, !mean_scale. apply Rplus_le_compat; [|apply Rmult_le_compat_l; assumption].
        rewrite Rmult_assoc. apply Rmult_le_compat_l; [lra|apply energy].
    - rewrite mean_add, mean_scale, mean_const by assumption.
      pose proof (Rmult_le_compat_l ((1 + theta) * V) _ _ (Rmult_le_pos (1 + theta) V ltac:(lra) V_positive) mean_square).
      replace (2 * claimed_sixth L mu M6 theta / L) with ((1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * M6)
        by (unfold claimed_sixth; field; lra).
      lra.
  Qed.

  Theorem one_step :
    mean samples (fun s => mean l (fun v => f (move x (- eta * slope (fst s) v) v))) <= after.
  Proof.
    pose proof (pow2_ge_0 eta) as E2.
    assert (K1 : 0 <= L * eta ^ 2 / 2 * (1 + theta)).
    { apply Rmult_le_pos; [|lra]. pose proof (Rmult_le_pos L (eta ^ 2)). lra. }
    assert (K2 : 0 <= L * eta ^ 2 / 2 * (1 + / theta) * (L ^ 2 * mu ^ 2 / 4)).
    { pose proof (Rle_0_sqr (L * mu)) as Q. unfold Rsqr in Q.
      apply Rmult_le_pos; [apply Rmult_le_pos|]; [pose proof (Rmult_le_pos L (eta ^ 2))|..]; lra. }
    (* over v, then over the data *)
    apply Rle_trans with (mean samples (fun s => f x + eta * (L * mu / 2 * (A * beta))
      + L * eta ^ 2 / 2 * (1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * M6
      + (- eta * delta * dot d (snd s x) a + L * eta ^ 2 / 2 * (1 + theta) * V * dot d (snd s x) (snd s x)))).
    - apply mean_le; [assumption|]. intros w s I W.
      apply Rle_trans with (mean l (fun v => f x
        + (- eta * (dot d (snd s x) v * dot d a v) + eta * L * mu / 2 * (Rabs (dot d a v) * length2 d v))
        + (L * eta ^ 2 / 2 * (1 + theta) * (dot d (snd s x) v * dot d (snd s x) v * length2 d v)
        + L * eta ^ 2 / 2 * (1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * length2 d v ^ 3))).
      + apply mean_le; [apply mean_is|]. intros p v J P. apply pointwise, (close w s I W).
      + rewrite !mean_add, !mean_scale, mean_const, (mean_product d delta) by (assumption || apply mean_is).
        pose proof (Rmult_le_compat_l _ _ _ K1 (energy (snd s x))).
        pose proof (Rmult_le_compat_l _ _ _ K2 sixth).
        assert (0 <= eta * L * mu / 2) as K3.
        { pose proof (Rmult_le_pos _ _ (Rmult_le_pos _ _ eta_positive (Rlt_le _ _ L_positive)) mu_positive). lra. }
        pose proof (Rmult_le_compat_l _ _ _ K3 first_order). lra.
    - rewrite !mean_add, !mean_scale, !mean_const, mean_dot by assumption.
      assert (dot d a a = A ^ 2) as -> by (symmetry; apply length_square).
      pose proof (Rmult_le_compat_l (L * eta ^ 2 / 2 * (1 + theta) * V) _ _ (Rmult_le_pos _ _ K1 V_positive) mean_square).
      pose proof (Rmult_le_compat_l eta _ _ eta_positive young).
      unfold after.
      replace (claimed_sixth L mu M6 theta) with (L / 2 * ((1 + / theta) * (L ^ 2 * mu ^ 2 / 4) * M6))
        by (unfold claimed_sixth; field; lra).
      unfold claimed_noise, claimed_brake. lra.
  Qed.
End Step.

(* The step itself, with forward and with central differences. *)
Theorem step d delta L mu eta V M6 beta sigma2 theta r x (l : law vec) (samples : law ((vec -> R) * (vec -> vec))) :
  let f y := mean samples (fun s => fst s y) in
  let a i := mean samples (fun s => snd s x i) in
  let next (slope : (vec -> R) -> vec -> vec -> R) :=
    mean samples (fun s => mean l (fun v => f (move x (- eta * slope (fst s) x v) v))) in
  0 < delta -> 0 < L -> 0 < mu -> 0 <= eta -> 0 <= V -> 0 < theta -> 0 < r -> probability samples ->
  surely samples (fun s => smooth d L (fst s) (snd s)) ->
  mean samples (fun s => dot d (fun i => snd s x i - a i) (fun i => snd s x i - a i)) <= sigma2 ->
  unbiased d delta l ->
  (forall c, mean l (fun v => dot d c v * dot d c v * length2 d v) <= V * dot d c c) ->
  mean l (fun v => length2 d v ^ 3) <= M6 ->
  mean l (fun v => Rabs (dot d a v) * length2 d v) <= beta * length_of d a ->
  next (forward mu) <= after d delta L mu eta V M6 beta sigma2 theta r x samples
  /\ next (central mu) <= after d delta L mu eta V M6 beta sigma2 theta r x samples.
Proof.
  intros f a next D PL PM PE PV PT PR P each spread H energy sixth order. split.
  - apply (one_step d delta L mu eta V M6 beta sigma2 theta r x l samples (fun F v => forward mu F x v));
      try assumption; try lra.
    intros w s I W v. apply two_points; [lra|assumption|apply (each w s I W)].
  - apply (one_step d delta L mu eta V M6 beta sigma2 theta r x l samples (fun F v => central mu F x v));
      try assumption; try lra.
    intros w s I W v. apply two_points; [lra|assumption|apply (each w s I W)].
Qed.

(* At mu = 0 and weights 0 the bound is reached: L x^2/2 in one dimension, v = +-sqrt(delta), a noiseless slope. *)
Theorem equality delta L eta x :
  0 < delta ->
  let law := [(1 / 2, sqrt delta); (1 / 2, - sqrt delta)] in
  mean law (fun v => L / 2 * (x - eta * (L * x * v) * v) ^ 2)
  = L * x ^ 2 / 2 - eta * (claimed_drift delta 0 - claimed_brake L (delta ^ 2) 0 * eta) * (L * x) ^ 2
    + eta ^ 2 * claimed_noise L (delta ^ 2) 0 0.
Proof.
  intro D. assert (S : sqrt delta * sqrt delta = delta) by (apply sqrt_sqrt; lra). revert S.
  generalize (sqrt delta). intros v S. cbn [mean fst snd].
  unfold claimed_drift, claimed_brake, claimed_noise. rewrite <- S. field.
Qed.

(* A linear function, whose samples all agree: d = 1, F y = y_0. *)
Lemma linear_smooth L : smooth 1 L (fun y => y 0%nat) (fun _ _ => 1).
Proof.
  split.
  - intros y h t. replace (dot 1 (fun _ => 1) h) with (0 + 1 * h 0%nat) by (unfold dot; simpl; ring).
    unfold move. apply (derivable_pt_lim_plus (fun _ => y 0%nat) (fun t => t * h 0%nat)); [apply derivable_pt_lim_const|].
    replace (1 * h 0%nat) with (1 * h 0%nat + t * 0) by ring.
    apply (derivable_pt_lim_mult (fun t => t) (fun _ => h 0%nat)); [apply derivable_pt_lim_id|apply derivable_pt_lim_const].
  - intros y z. unfold dot. simpl. replace (0 + _) with 0 by ring. pose proof (Rle_0_sqr (L * (z 0%nat - y 0%nat))) as P.
    unfold Rsqr in P. lra.
Qed.

Theorem descent_lemma_satisfiable : ltac:(hypotheses_of descent_lemma).
Proof.
  exists 1%nat, 1, (fun y => y 0%nat), (fun _ _ => 1), first, first.
  split; [lra|]. split; [apply linear_smooth|exact I].
Qed.

Theorem two_points_satisfiable : ltac:(hypotheses_of two_points).
Proof.
  exists 1%nat, 1, 1, (fun y => y 0%nat), (fun _ _ => 1), first, first.
  split; [lra|]. split; [lra|]. split; [apply linear_smooth|exact I].
Qed.

Theorem second_moment_satisfiable : ltac:(hypotheses_of second_moment).
Proof.
  exists 1%nat, 1, 1, 1, 1, 1, 0, 1, first, [(1, fun _ => 1)], [(1, (fun y => y 0%nat, fun _ _ => 1))],
    (fun F v => F v).
  repeat match goal with |- _ /\ _ => split end.
  9: {
    intros w s [E|[]] W v. inversion E; subst. unfold dot. simpl.
    replace (v 0%nat - (0 + 1 * v 0%nat)) with 0 by ring. rewrite Rabs_R0.
    pose proof (Rle_0_sqr (v 0%nat)). unfold Rsqr in *. lra. }
  all: easy_check.
Qed.

Theorem step_satisfiable : ltac:(hypotheses_of step).
Proof.
  exists 1%nat, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, first, [(1, fun _ => 1)], [(1, (fun y => y 0%nat, fun _ _ => 1))].
  repeat match goal with |- _ /\ _ => split end.
  9: intros w s [E|[]] W; inversion E; apply linear_smooth.
  13: {
    unfold length_of, dot, length2, dot. simpl. rewrite Rabs_right by lra.
    replace (0 + (1 * 1 + 0) * (1 * 1 + 0)) with 1 by ring. rewrite sqrt_1. lra. }
  all: easy_check.
Qed.
