(* Any law at all, through its expectation: linear, monotone and 1 at 1 on the functions that it integrates. *)

Require Import FunctionalExtensionality.

(* The law gives probability 1 to `support`. Every probability measure on R^d is one of these, with all
   measurable functions of finite mean as its integrable ones. *)
Record expectation (support : vec -> Prop) : Type := {
  integrable : (vec -> R) -> Prop;
  expect : (vec -> R) -> R;
  constant_in : integrable (fun _ => 1);
  sum_in : forall f g, integrable f -> integrable g -> integrable (fun v => f v + g v);
  multiple_in : forall c f, integrable f -> integrable (fun v => c * f v);
  expect_one : expect (fun _ => 1) = 1;
  expect_add : forall f g, integrable f -> integrable g ->
    expect (fun v => f v + g v) = expect f + expect g;
  expect_scale : forall c f, integrable f -> expect (fun v => c * f v) = c * expect f;
  expect_le : forall f g, integrable f -> integrable g ->
    (forall v, support v -> f v <= g v) -> expect f <= expect g
}.
Arguments integrable {support}.
Arguments expect {support}.

(* E[v v^T] = delta I *)
Definition isotropic {support} (d : nat) (delta : R) (X : expectation support) : Prop :=
  forall i j, (i < d)%nat -> (j < d)%nat ->
  integrable X (fun v => v i * v j) /\ expect X (fun v => v i * v j) = delta * same i j.

Section Expectation.
  Variables (support : vec -> Prop) (X : expectation support).

  Lemma expect_zero : integrable X (fun _ => 0) /\ expect X (fun _ => 0) = 0.
  Proof.
    replace (fun _ : vec => 0) with (fun _ : vec => 0 * 1) by (extensionality v; ring). split.
    - apply (multiple_in _ X 0 (fun _ => 1)), constant_in.
    - rewrite (expect_scale _ X 0 (fun _ => 1)) by apply constant_in. ring.
  Qed.

  Lemma expect_sum d f :
    (forall i, (i < d)%nat -> integrable X (f i)) ->
    integrable X (fun v => sum d (fun i => f i v))
    /\ expect X (fun v => sum d (fun i => f i v)) = sum d (fun i => expect X (f i)).
  Proof.
    induction d as [|d IH]; intro H; simpl; [apply expect_zero|].
    destruct IH as [I E]; [intros; apply H; lia|]. split.
    - apply (sum_in _ X (fun v => sum d (fun i => f i v))); [assumption|apply H; lia].
    - rewrite (expect_add _ X (fun v => sum d (fun i => f i v))), E by (assumption || (apply H; lia)).
      reflexivity.
  Qed.

  Variables (d : nat) (delta : R) (u : vec).
  Hypotheses (unit : dot d u u = 1) (moments : isotropic d delta X).

  Lemma expect_along : integrable X (along d u) /\ expect X (along d u) = delta.
  Proof.
    assert (E : along d u = fun v => sum d (fun i => sum d (fun j => u i * u j * (v i * v j)))).
    { extensionality v. unfold along, dot. rewrite <- sum_scale. apply sum_ext. intros i _.
      rewrite (Rmult_comm (sum _ _)), <- sum_scale. apply sum_ext. intros. ring. }
    assert (A : forall i, (i < d)%nat ->
      integrable X (fun v => sum d (fun j => u i * u j * (v i * v j)))
      /\ expect X (fun v => sum d (fun j => u i * u j * (v i * v j))) = delta * (u i * u i)).
    { intros i I. destruct (expect_sum d (fun j v => u i * u j * (v i * v j))) as [P Q].
      - intros j J. apply (multiple_in _ X (u i * u j) (fun v => v i * v j)), moments; assumption.
      - split; [assumption|]. rewrite Q, (sum_ext d _ (fun j => same i j * (delta * (u i * u j)))).
        + apply (sum_pick d i (fun j => delta * (u i * u j))), I.
        + intros j J. rewrite (expect_scale _ X (u i * u j) (fun v => v i * v j)) by (apply moments; assumption).
          rewrite (proj2 (moments i j I J)). ring. }
    rewrite E. destruct (expect_sum d (fun i v => sum d (fun j => u i * u j * (v i * v j)))) as [P Q].
    - intros i I. apply A, I.
    - split; [assumption|]. rewrite Q, (sum_ext d _ (fun i => delta * (u i * u i))) by (intros; apply A; assumption).
      rewrite sum_scale. fold (dot d u u). rewrite unit. ring.
  Qed.

  Lemma expect_length2 : integrable X (length2 d) /\ expect X (length2 d) = delta * INR d.
  Proof.
    destruct (expect_sum d (fun i v => v i * v i)) as [P Q]; [intros; apply moments; assumption|].
    split; [exact P|]. transitivity (sum d (fun i => expect X (fun v => v i * v i))); [exact Q|].
    rewrite (sum_ext d _ (fun _ => delta)); [rewrite sum_const; ring|].
    intros i I. rewrite (proj2 (moments i i I I)), same_refl. ring.
  Qed.

  Lemma expect_affine a b c :
    integrable X (fun v => a * 1 + (b * along d u v + c * length2 d v))
    /\ expect X (fun v => a * 1 + (b * along d u v + c * length2 d v)) = a + b * delta + c * (delta * INR d).
  Proof.
    destruct expect_along as [A1 A2]. destruct expect_length2 as [N1 N2].
    assert (I1 : integrable X (fun _ => a * 1)) by (apply (multiple_in _ X a (fun _ => 1)), constant_in).
    assert (I2 : integrable X (fun v => b * along d u v)) by (apply multiple_in, A1).
    assert (I3 : integrable X (fun v => c * length2 d v)) by (apply multiple_in, N1).
    assert (I4 : integrable X (fun v => b * along d u v + c * length2 d v))
      by (apply (sum_in _ X (fun v => b * along d u v)); assumption).
    split; [apply (sum_in _ X (fun _ => a * 1)); assumption|].
    rewrite (expect_add _ X (fun _ => a * 1)), (expect_add _ X (fun v => b * along d u v)) by assumption.
    rewrite (expect_scale _ X a (fun _ => 1)), !expect_scale, expect_one, A2, N2 by (apply constant_in || assumption).
    ring.
  Qed.

  (* Weak duality: a form in s and n below the cost bounds the cost's mean. *)
  Lemma expect_above a b c cost :
    integrable X cost -> (forall v, support v -> a + b * along d u v + c * length2 d v <= cost v) ->
    a + b * delta + c * (delta * INR d) <= expect X cost.
  Proof.
    intros I L. destruct (expect_affine a b c) as [J E]. rewrite <- E.
    apply expect_le; [assumption..|]. intros v S. pose proof (L v S). lra.
  Qed.
End Expectation.

(* Laws with finitely many atoms are among them. *)
Definition finite {support : vec -> Prop} (l : law vec) (P : probability l) (S : surely l support) :
  expectation support.
Proof.
  refine {| integrable := fun _ => True; expect := mean l |}; try tauto.
  - apply P.
  - intros. apply mean_add.
  - intros. apply mean_scale.
  - intros f g _ _ H. apply mean_le; [assumption|]. intros w v I W. apply H, (S w v I W).
Defined.

(* The law of one vector, and itself as a simple point of hypotheses about laws. *)
Definition certainly {support : vec -> Prop} (v : vec) (S : support v) : expectation support.
Proof. refine {| integrable := fun _ => True; expect := fun f => f v |}; try tauto; auto. Defined.
Ltac easy_existence ::=
  match goal with |- exists _ : expectation ?S, _ => unshelve eexists (certainly (fun _ => 1) _) end.
