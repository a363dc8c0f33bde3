(* s and n of a perturbation, and the law of two atoms: along a first axis, or along the others. *)

(* s = (u.v)^2 for a unit vector u along the gradient, n = |v|^2 *)
Definition along (d : nat) (u v : vec) : R := dot d u v * dot d u v.
Definition length2 (d : nat) (v : vec) : R := dot d v v.
(* V = E[s n] *)
Definition value_of (d : nat) (u : vec) (l : law vec) : R :=
  mean l (fun v => along d u v * length2 d v).

Lemma plane d u v : dot d u u = 1 -> 0 <= along d u v <= length2 d v.
Proof. intro H. split; [apply Rle_0_sqr|apply cauchy, H]. Qed.

Lemma mean_along d delta u l : dot d u u = 1 -> unbiased d delta l -> mean l (along d u) = delta.
Proof. intros U H. unfold along. rewrite (mean_product d delta) by assumption. rewrite U. ring. Qed.

Lemma mean_length2 d delta l : unbiased d delta l -> mean l (length2 d) = delta * INR d.
Proof. apply mean_length. Qed.

Lemma mean_affine d delta u l a b c :
  dot d u u = 1 -> unbiased d delta l ->
  mean l (fun v => a + b * along d u v + c * length2 d v) = a + b * delta + c * (delta * INR d).
Proof.
  intros U H. rewrite !mean_add, !mean_scale, (mean_along d delta), (mean_length2 d delta) by assumption.
  rewrite mean_const by apply H. ring.
Qed.

(* c times the axis k *)
Definition axis (k : nat) (c : R) : vec := fun i => same k i * c.

Lemma dot_axis d k c v : (k < d)%nat -> dot d (axis k c) v = c * v k.
Proof.
  intro H. unfold dot, axis.
  rewrite (sum_ext d _ (fun j => same k j * (c * v j))) by (intros; ring).
  apply sum_pick with (f := fun j => c * v j), H.
Qed.

(* Each of x and -x times the first axis with probability p/2, each of y and -y times one of the m
   others with probability (1-p)/(2m); in dimension m + 1. *)
Fixpoint others (m : nat) (w y : R) : law vec :=
  match m with
  | O => []
  | S k => (w, axis (S k) y) :: (w, axis (S k) (- y)) :: others k w y
  end.

Definition two_atoms (m : nat) (p x y : R) : law vec :=
  (p / 2, axis 0 x) :: (p / 2, axis 0 (- x)) :: others m ((1 - p) / (2 * INR m)) y.

Lemma mean_others m w y f :
  mean (others m w y) f = w * sum m (fun k => f (axis (S k) y) + f (axis (S k) (- y))).
Proof. induction m as [|m IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma others_weights m w y : 0 <= w -> Forall (fun a => 0 <= fst a) (others m w y).
Proof.
  intro H. induction m; simpl; [apply Forall_nil|].
  apply Forall_cons; [assumption|]. apply Forall_cons; assumption.
Qed.

Lemma two_atoms_probability m p x y : (1 <= m)%nat -> 0 < p < 1 -> probability (two_atoms m p x y).
Proof.
  intros M P. assert (0 < INR m) by (apply lt_0_INR; lia). split.
  - apply Forall_cons; [simpl; lra|]. apply Forall_cons; [simpl; lra|].
    apply others_weights, Rlt_le, Rdiv_lt_0_compat; lra.
  - simpl. rewrite mean_others, sum_const. field. lra.
Qed.

Lemma two_atoms_unbiased m p delta x y :
  (1 <= m)%nat -> 0 < p < 1 -> p * (x * x) = delta -> (1 - p) * (y * y) = delta * INR m ->
  unbiased (S m) delta (two_atoms m p x y).
Proof.
  intros M P X Y. assert (0 < INR m) by (apply lt_0_INR; lia).
  split; [apply two_atoms_probability; assumption|]. intros i j Hi Hj.
  simpl. rewrite mean_others. unfold axis.
  destruct (Nat.eq_dec i j) as [<-|E].
  - rewrite same_refl. destruct i as [|i].
    + rewrite (sum_ext m _ (fun _ => 0)) by (intros; rewrite same_off by lia; ring).
      rewrite same_refl, sum_const. lra.
    + rewrite (sum_ext m _ (fun k => same i k * (2 * (y * y)))).
      * rewrite sum_pick by lia. rewrite (same_off 0) by lia.
        replace (_ + _) with ((1 - p) * (y * y) / INR m) by (field; lra).
        rewrite Y. field. lra.
      * intros k _. destruct (Nat.eq_dec i k) as [<-|N].
        -- rewrite !same_refl. ring.
        -- rewrite !same_off by lia. ring.
  - rewrite (same_off i j) by assumption.
    rewrite (sum_ext m _ (fun _ => 0)).
    + rewrite sum_const. destruct i, j; try lia; rewrite (same_off 0 (S _)) by lia; ring.
    + intros k _. destruct (Nat.eq_dec (S k) i) as [<-|N].
      * rewrite (same_off (S k) j) by assumption. ring.
      * rewrite (same_off (S k) i) by assumption. ring.
Qed.

(* The gradient along the first axis. *)
Definition first : vec := axis 0 1.

Lemma first_unit m : dot (S m) first first = 1.
Proof. unfold first. rewrite dot_axis by lia. unfold axis. rewrite same_refl. ring. Qed.

Lemma length2_axis d k c : (k < d)%nat -> length2 d (axis k c) = c * c.
Proof. intro H. unfold length2. rewrite dot_axis by assumption. unfold axis. rewrite same_refl. ring. Qed.

Lemma along_axis d k c : (0 < d)%nat -> along d first (axis k c) = same k 0 * (c * c).
Proof.
  intro H. unfold along, first. rewrite dot_axis by assumption. unfold axis.
  destruct (Nat.eq_dec k 0) as [->|N]; [rewrite same_refl|rewrite same_off by lia]; ring.
Qed.

Lemma mean_two_atoms m p x y (f : R -> R -> R) :
  (1 <= m)%nat ->
  mean (two_atoms m p x y) (fun v => f (along (S m) first v) (length2 (S m) v))
  = p * f (x * x) (x * x) + (1 - p) * f 0 (y * y).
Proof.
  intros M. assert (0 < INR m) by (apply lt_0_INR; lia).
  simpl. rewrite mean_others, !along_axis, !length2_axis, same_refl by lia.
  rewrite (sum_ext m _ (fun _ => 2 * f 0 (y * y))).
  - rewrite sum_const.
    replace (- x * - x) with (x * x) by ring. replace (1 * (x * x)) with (x * x) by ring.
    field. lra.
  - intros k Hk. rewrite !along_axis, !length2_axis, same_off by lia.
    replace (- y * - y) with (y * y) by ring. replace (0 * (y * y)) with 0 by ring. ring.
Qed.

Lemma surely_two_atoms m p x y (f : vec -> Prop) :
  f (axis 0 x) -> f (axis 0 (- x)) ->
  (forall k, (k < m)%nat -> f (axis (S k) y) /\ f (axis (S k) (- y))) ->
  surely (two_atoms m p x y) f.
Proof.
  intros A B C w v [I|[I|I]] _; [inversion I; subst; assumption..|].
  revert I. generalize ((1 - p) / (2 * INR m)). intro q.
  induction m as [|m IH]; simpl; intro I; [destruct I|].
  destruct I as [I|[I|I]]; [inversion I; subst; apply (C m); lia..|].
  apply IH; [|assumption]. intros k Hk. apply C. lia.
Qed.
