(* Finite sums, vectors of R^d, and laws with finitely many atoms. *)

Require Import Reals List Lra Lia Psatz.
Import ListNotations.
Local Open Scope R_scope.
(* No files beside the script. *)
Unset Lia Cache.
Unset Nia Cache.
Unset Nra Cache.

(* sum d f = f 0 + ... + f (d-1) *)
Fixpoint sum (d : nat) (f : nat -> R) : R :=
  match d with O => 0 | S k => sum k f + f k end.

Lemma sum_ext d f g : (forall i, (i < d)%nat -> f i = g i) -> sum d f = sum d g.
Proof.
  induction d as [|d IH]; intro H; simpl; [reflexivity|].
  rewrite IH, (H d) by (intros; try apply H; lia). reflexivity.
Qed.

Lemma sum_add d f g : sum d (fun i => f i + g i) = sum d f + sum d g.
Proof. induction d as [|d IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma sum_scale d c f : sum d (fun i => c * f i) = c * sum d f.
Proof. induction d as [|d IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma sum_const d c : sum d (fun _ => c) = INR d * c.
Proof. induction d as [|d IH]; [simpl; ring|]. rewrite S_INR. simpl. rewrite IH. ring. Qed.

Lemma sum_nonneg d f : (forall i, (i < d)%nat -> 0 <= f i) -> 0 <= sum d f.
Proof.
  induction d as [|d IH]; intro H; simpl; [lra|].
  assert (0 <= sum d f) by (apply IH; intros; apply H; lia).
  assert (0 <= f d) by (apply H; lia). lra.
Qed.

Lemma sum_swap d e f :
  sum d (fun i => sum e (fun j => f i j)) = sum e (fun j => sum d (fun i => f i j)).
Proof.
  induction d as [|d IH]; simpl.
  - rewrite sum_const. ring.
  - rewrite IH, <- sum_add. reflexivity.
Qed.

(* 1 if i = j, otherwise 0 *)
Definition same (i j : nat) : R := if Nat.eqb i j then 1 else 0.

Lemma same_refl i : same i i = 1.
Proof. unfold same. rewrite Nat.eqb_refl. reflexivity. Qed.

Lemma same_off i j : i <> j -> same i j = 0.
Proof. intro H. unfold same. apply Nat.eqb_neq in H. rewrite H. reflexivity. Qed.

Lemma same_sym i j : same i j = same j i.
Proof. unfold same. rewrite Nat.eqb_sym. reflexivity. Qed.

Lemma sum_pick d i f : (i < d)%nat -> sum d (fun j => same i j * f j) = f i.
Proof.
  induction d as [|d IH]; intro H; [lia|]. simpl.
  destruct (Nat.eq_dec i d) as [->|E].
  - rewrite same_refl, (sum_ext d _ (fun _ => 0)).
    + rewrite sum_const. ring.
    + intros j Hj. rewrite same_off by lia. ring.
  - rewrite IH, same_off by lia. ring.
Qed.

Definition vec := nat -> R.
Definition dot (d : nat) (x y : vec) : R := sum d (fun i => x i * y i).

Lemma dot_sym d x y : dot d x y = dot d y x.
Proof. apply sum_ext. intros. ring. Qed.

Lemma dot_combine d c e x y z :
  dot d (fun i => c * x i + e * y i) z = c * dot d x z + e * dot d y z.
Proof.
  unfold dot. rewrite <- !sum_scale, <- sum_add. apply sum_ext. intros. ring.
Qed.

Lemma dot_self d b x c y :
  dot d (fun i => b * x i + c * y i) (fun i => b * x i + c * y i)
  = b ^ 2 * dot d x x + (2 * b * c * dot d x y + c ^ 2 * dot d y y).
Proof.
  unfold dot. rewrite <- !sum_scale, <- !sum_add. apply sum_ext. intros. ring.
Qed.

Lemma dot_square d x : 0 <= dot d x x.
Proof. apply sum_nonneg. intros. apply Rle_0_sqr. Qed.

(* (u.v)^2 <= |v|^2 for a unit vector u, since |v - (u.v) u|^2 = |v|^2 - (u.v)^2 *)
Lemma cauchy d u v : dot d u u = 1 -> dot d u v * dot d u v <= dot d v v.
Proof.
  intro H. pose (c := dot d u v).
  assert (E : dot d (fun i => 1 * v i + - c * u i) (fun i => 1 * v i + - c * u i)
              = dot d v v - c * c).
  { rewrite dot_self, H, (dot_sym d v u). fold c. ring. }
  pose proof (dot_square d (fun i => 1 * v i + - c * u i)) as P. rewrite E in P.
  fold c. lra.
Qed.

(* A law with finitely many atoms: pairs of a weight and an atom. *)
Definition law (A : Type) := list (R * A).

Fixpoint mean {A : Type} (l : law A) (f : A -> R) : R :=
  match l with [] => 0 | x :: r => fst x * f (snd x) + mean r f end.

Definition probability {A : Type} (l : law A) : Prop :=
  Forall (fun x => 0 <= fst x) l /\ mean l (fun _ => 1) = 1.

(* f holds of every atom of positive weight *)
Definition surely {A : Type} (l : law A) (f : A -> Prop) : Prop :=
  forall w a, In (w, a) l -> 0 < w -> f a.

Lemma mean_ext {A} (l : law A) f g : (forall a, f a = g a) -> mean l f = mean l g.
Proof. intro H. induction l as [|x l IH]; simpl; [reflexivity|]. rewrite IH, H. reflexivity. Qed.

Lemma mean_add {A} (l : law A) f g : mean l (fun a => f a + g a) = mean l f + mean l g.
Proof. induction l as [|x l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma mean_scale {A} (l : law A) c f : mean l (fun a => c * f a) = c * mean l f.
Proof. induction l as [|x l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma mean_const {A} (l : law A) c : probability l -> mean l (fun _ => c) = c.
Proof.
  intros [_ H]. rewrite (mean_ext l _ (fun a => c * 1)) by (intro; ring).
  rewrite mean_scale, H. ring.
Qed.

Lemma mean_sum {A} (l : law A) d f :
  mean l (fun a => sum d (fun i => f i a)) = sum d (fun i => mean l (f i)).
Proof.
  induction d as [|d IH]; simpl.
  - rewrite (mean_ext l _ (fun a => 0 * 1)) by (intro; ring). rewrite mean_scale. ring.
  - rewrite mean_add, IH. reflexivity.
Qed.

Lemma mean_nonneg {A} (l : law A) f :
  Forall (fun x => 0 <= fst x) l -> surely l (fun a => 0 <= f a) -> 0 <= mean l f.
Proof.
  induction l as [|[w a] l IH]; intros W H; simpl; [lra|].
  inversion W as [|? ? Hw W']; subst. simpl in Hw.
  assert (0 <= mean l f) by (apply IH; [assumption|intros ? ? I; apply (H _ _ (or_intror I))]).
  destruct Hw as [Hw|Hw].
  - assert (0 <= f a) by (apply (H w a); [left; reflexivity|assumption]).
    assert (0 <= w * f a) by (apply Rmult_le_pos; lra). lra.
  - rewrite <- Hw. lra.
Qed.

Lemma mean_le {A} (l : law A) f g :
  probability l -> surely l (fun a => f a <= g a) -> mean l f <= mean l g.
Proof.
  intros [W _] H.
  assert (0 <= mean l (fun a => g a + -1 * f a)) as P.
  { apply mean_nonneg; [assumption|]. intros w a I P. pose proof (H w a I P). simpl in *. lra. }
  rewrite mean_add, mean_scale in P. lra.
Qed.

Lemma mean_eq {A} (l : law A) f g :
  probability l -> surely l (fun a => f a = g a) -> mean l f = mean l g.
Proof.
  intros P H. apply Rle_antisym; apply mean_le; try assumption;
    intros w a I W; pose proof (H w a I W); simpl in *; lra.
Qed.

(* A non-negative function of mean 0 is 0 almost surely. *)
Lemma mean_zero {A} (l : law A) f :
  Forall (fun x => 0 <= fst x) l -> surely l (fun a => 0 <= f a) -> mean l f = 0 ->
  surely l (fun a => f a = 0).
Proof.
  induction l as [|[w a] l IH]; intros W H Z v b I P; [destruct I|].
  inversion W as [|? ? Hw W']; subst. simpl in *.
  assert (H' : surely l (fun c => 0 <= f c)) by (intros ? ? J; apply (H _ _ (or_intror J))).
  pose proof (mean_nonneg l f W' H') as R.
  assert (N : 0 <= w * f a).
  { destruct Hw as [Hw|Hw]; [|rewrite <- Hw; lra].
    apply Rmult_le_pos; [lra|apply (H w a); [left; reflexivity|assumption]]. }
  destruct I as [E|I].
  - inversion E; subst. assert (v * f b = 0) as M by lra.
    apply Rmult_integral in M. lra.
  - apply (IH W' H') with v; [lra|assumption..].
Qed.

(* delta-unbiased: E[v v^T] = delta I *)
Definition unbiased (d : nat) (delta : R) (l : law vec) : Prop :=
  probability l /\
  forall i j, (i < d)%nat -> (j < d)%nat -> mean l (fun v => v i * v j) = delta * same i j.

Lemma mean_product d delta l x y :
  unbiased d delta l -> mean l (fun v => dot d x v * dot d y v) = delta * dot d x y.
Proof.
  intros [_ H].
  rewrite (mean_ext l _ (fun v => sum d (fun i => sum d (fun j => x i * y j * (v i * v j))))).
  - rewrite mean_sum. unfold dot. rewrite <- sum_scale. apply sum_ext. intros i Hi.
    rewrite mean_sum.
    rewrite (sum_ext d _ (fun j => same i j * (delta * x i * y j))).
    + rewrite sum_pick by assumption. ring.
    + intros j Hj. rewrite mean_scale, H by assumption. ring.
  - intro v. unfold dot. rewrite <- (Rmult_comm (sum d (fun i => y i * v i))), <- sum_scale.
    apply sum_ext. intros i Hi.
    rewrite (Rmult_comm (sum _ _)), <- sum_scale. apply sum_ext. intros. ring.
Qed.

Lemma mean_length d delta l : unbiased d delta l -> mean l (fun v => dot d v v) = delta * INR d.
Proof.
  intros [_ H]. unfold dot. rewrite mean_sum.
  rewrite (sum_ext d _ (fun _ => delta)).
  - rewrite sum_const. ring.
  - intros i Hi. rewrite H, same_refl by assumption. ring.
Qed.

Lemma fraction a b : 0 < a < b -> 0 < a / b < 1.
Proof.
  intro H. split; [apply Rdiv_lt_0_compat; lra|].
  apply Rmult_lt_reg_r with b; [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l; lra.
Qed.

(* Weak duality: a form below the cost bounds its mean, and the bound is reached exactly where they agree. *)
Lemma duality {A} (l : law A) cost form value :
  probability l -> surely l (fun a => form a <= cost a) -> mean l form = value ->
  value <= mean l cost /\ (mean l cost = value <-> surely l (fun a => cost a = form a)).
Proof.
  intros P H E. split; [|split].
  - rewrite <- E. apply mean_le; assumption.
  - intro T. intros w a I W.
    assert (Z : mean l (fun a => cost a + -1 * form a) = 0) by (rewrite mean_add, mean_scale; lra).
    assert (N : surely l (fun a => 0 <= cost a + -1 * form a))
      by (intros v b J V; pose proof (H v b J V); simpl in *; lra).
    pose proof (mean_zero l _ (proj1 P) N Z w a I W). simpl in *. lra.
  - intro T. rewrite <- E. apply mean_eq; assumption.
Qed.
