(* The hypotheses of a theorem, as the statement that something satisfies them all: forall x, P x -> C becomes
   exists x, P x. What stands inside C is not looked at. *)
Ltac hypotheses_in type :=
  lazymatch type with
  | forall x : ?A, @?B x =>
      let y := fresh "x" in
      let rest := constr:(fun y : A => ltac:(
        let next := eval cbv beta in (B y) in let found := hypotheses_in next in exact found)) in
      lazymatch type of A with
      | Prop => lazymatch rest with fun _ => ?found => constr:(A /\ found) | _ => constr:(exists y : A, rest y) end
      | _ => constr:(exists y : A, rest y)
      end
  | _ => constr:(True)
  end.
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
