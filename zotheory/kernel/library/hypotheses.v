(* The hypotheses of a theorem, as the statement that something satisfies them all: forall x, P x -> C becomes
   exists x, P x. Those inside C count too: on both sides of /\ and <->, and below exists if they do not depend on
   what exists. Anywhere else (below \/ and ~, inside another predicate) they are refused: such a statement may
   hold because nothing satisfies them. Definitions are unfolded, the library's predicates are not. *)
Ltac both a b :=
  lazymatch a with True => b | _ => lazymatch b with True => a | _ => constr:(a /\ b) end end.
Ltac hypotheses_in type :=
  lazymatch type with
  | ?A /\ ?B => let a := hypotheses_in A in let b := hypotheses_in B in both a b
  | ?A <-> ?B => let a := hypotheses_in A in let b := hypotheses_in B in both a b
  | ?A \/ ?B =>
      let a := hypotheses_in A in let b := hypotheses_in B in
      lazymatch both a b with
      | True => constr:(True) | _ => fail 100 "a hypothesis inside a disjunction: state it before the conclusion" end
  | ~ ?A =>
      lazymatch A with
      | @eq _ _ _ => hypotheses_in A | (_ < _)%R => constr:(True) | (_ <= _)%R => constr:(True)
      | _ => fail 100 "a negation of more than an equation or inequality: state it with hypotheses" end
  | @ex ?A ?B =>
      let rest := hypotheses_below A B in
      lazymatch rest with
      | fun _ => ?found => constr:(found)
      | _ => fail 100 "a hypothesis below exists that depends on what exists" end
  | @surely ?A _ ?B =>
      let rest := hypotheses_below A B in
      lazymatch rest with
      | fun _ => True => constr:(True)
      | _ => fail 100 "a hypothesis inside surely: state it before the conclusion" end
  | forall x : ?A, @?B x =>
      let y := fresh "x" in
      let rest := hypotheses_below A B in
      lazymatch type of A with
      | Prop => lazymatch rest with fun _ => ?found => constr:(A /\ found) | _ => constr:(exists y : A, rest y) end
      | _ => constr:(exists y : A, rest y)
      end
  | @eq ?A _ _ =>
      lazymatch A with
      | Prop => fail 100 "an equation of propositions: state it with <->"
      | _ -> Prop => fail 100 "an equation of predicates: state it with <->"
      | _ => constr:(True)
      end
  | (_ < _)%R => constr:(True) | (_ <= _)%R => constr:(True)
  | (_ > _)%R => constr:(True) | (_ >= _)%R => constr:(True)
  | (_ < _)%nat => constr:(True) | (_ <= _)%nat => constr:(True)
  | unbiased _ _ _ => constr:(True) | probability _ => constr:(True)
  | True => constr:(True)
  | _ =>
      let next := eval hnf in type in
      lazymatch next with
      | _ /\ _ => hypotheses_in next | _ \/ _ => hypotheses_in next | @ex _ _ => hypotheses_in next
      | forall _, _ => hypotheses_in next | @eq _ _ _ => hypotheses_in next
      | _ => fail 100 "hypotheses are not looked for in" next end
  end
with hypotheses_below A B :=
  let y := fresh "x" in
  constr:(fun y : A => ltac:(
    let next := eval cbv beta in (B y) in let found := hypotheses_in next in exact found)).
Ltac hypotheses_of theorem :=
  let type := type of theorem in
  let plain := eval cbv zeta in type in
  let found := hypotheses_in plain in
  let statement := eval cbv beta in found in
  exact statement.

(* A simple point at which hypotheses may hold: natural numbers n, real ones r and what follows,
   laws of one atom, whose entries are a. *)
Ltac easy_value A n a :=
  lazymatch A with
  | R => constr:(a)
  | nat => constr:(n)
  | vec => constr:((fun _ => a) : vec)
  | law ?B => let b := easy_value B n a in constr:([(1, b)] : law B)
  | list (R * ?B) => let b := easy_value B n a in constr:([(1, b)])
  | list ?B => constr:(@nil B)
  | prod ?B ?C => let b := easy_value B n a in let c := easy_value C n a in constr:((b, c))
  | ?B -> Prop => constr:(fun _ : B => True)
  | ?B -> ?C => let c := easy_value C n a in constr:(fun _ : B => c)
  end.
Ltac easy_existence := fail.
Ltac easy_point n a r step :=
  try match goal with
  | |- exists _ : R, _ => exists r; let next := step r in easy_point n a next step
  | |- exists _ : ?A, _ => let value := easy_value A n a in exists value; easy_point n a r step
  | |- exists _, _ => easy_existence; easy_point n a r step
  | |- _ /\ _ => split; easy_point n a r step
  end.
Ltac easy_check :=
  repeat match goal with
  | H : In _ _ |- _ => simpl in H
  | H : _ \/ _ |- _ => destruct H
  | H : False |- _ => destruct H
  | H : (_, _) = (_, _) |- _ => inversion H; clear H; subst
  | H : (?i < 1)%nat |- _ => assert (i = 0%nat) by lia; subst i; clear H
  | |- Forall _ _ => constructor
  | |- ?G => lazymatch eval hnf in G with _ /\ _ => split | forall _, _ => intro end
  end; simpl; auto; try lia; try lra;
  cbv -[Rplus Rmult Ropp Rminus Rdiv Rinv Rle Rlt IZR sqrt]; auto; try lra; try (field; lra); nra.
Ltac easily :=
  let same r := constr:(r) in let more r := constr:((r + 1)%R) in
  solve [ easy_point 1%nat 1 1 same; solve [easy_check]
        | easy_point 1%nat 0 0 same; solve [easy_check]
        | easy_point 1%nat 1 1 more; solve [easy_check]
        | easy_point 1%nat 1 2 same; solve [easy_check]
        | easy_point 2%nat 0 0 same; solve [easy_check] ].
