(* Draws one after another: a law whose second step depends on the first, and independent repetitions. *)

Definition image {A B : Type} (g : A -> B) (l : law A) : law B := map (fun x => (fst x, g (snd x))) l.

Fixpoint bind {A B : Type} (l : law A) (k : A -> law B) : law B :=
  match l with
  | [] => []
  | x :: r => map (fun y => (fst x * fst y, snd y)) (k (snd x)) ++ bind r k
  end.

Lemma mean_image {A B} (g : A -> B) l f : mean (image g l) f = mean l (fun a => f (g a)).
Proof. induction l as [|x l IH]; simpl; [reflexivity|]. rewrite IH. reflexivity. Qed.

Lemma mean_append {A} (l r : law A) f : mean (l ++ r) f = mean l f + mean r f.
Proof. induction l as [|x l IH]; simpl; [ring|]. rewrite IH. ring. Qed.

Lemma mean_bind {A B} (l : law A) (k : A -> law B) f : mean (bind l k) f = mean l (fun a => mean (k a) f).
Proof.
  induction l as [|x l IH]; simpl; [reflexivity|]. rewrite mean_append, IH. f_equal.
  induction (k (snd x)) as [|y r IH']; simpl; [ring|]. rewrite IH'. ring.
Qed.

(* k independent draws *)
Fixpoint sample {A : Type} (k : nat) (l : law A) : law (list A) :=
  match k with
  | O => [(1, [])]
  | S j => bind l (fun a => image (cons a) (sample j l))
  end.

Lemma mean_sample {A} k (l : law A) f :
  mean (sample (S k) l) f = mean l (fun a => mean (sample k l) (fun x => f (a :: x))).
Proof. simpl. rewrite mean_bind. apply mean_ext. intro. apply mean_image. Qed.

Lemma sample_ext {A} k (l : law A) : forall f g,
  (forall x, length x = k -> f x = g x) -> mean (sample k l) f = mean (sample k l) g.
Proof.
  induction k as [|k IH]; intros f g H; [simpl; rewrite H by reflexivity; reflexivity|].
  rewrite !mean_sample. apply mean_ext. intro a. apply IH. intros x L. apply H. simpl. lia.
Qed.

Lemma sample_one {A} k (l : law A) : probability l -> mean (sample k l) (fun _ => 1) = 1.
Proof.
  intro P. induction k as [|k IH]; [simpl; ring|].
  rewrite mean_sample, (mean_ext l _ (fun _ => 1)) by (intro; apply IH). apply P.
Qed.

Lemma sample_const {A} k (l : law A) c : probability l -> mean (sample k l) (fun _ => c) = c.
Proof.
  intro P. rewrite (mean_ext _ _ (fun _ => c * 1)) by (intro; ring).
  rewrite mean_scale, sample_one by assumption. ring.
Qed.

Fixpoint total {A : Type} (f : A -> R) (x : list A) : R :=
  match x with [] => 0 | a :: r => f a + total f r end.

Lemma total_shift {A} (f : A -> R) c x : total (fun a => f a - c) x = total f x - INR (length x) * c.
Proof. induction x as [|a x IH]; [simpl; ring|]. cbn [length total]. rewrite S_INR, IH. ring. Qed.

Lemma mean_total {A} k (l : law A) f :
  probability l -> mean (sample k l) (total f) = INR k * mean l f.
Proof.
  intro P. induction k as [|k IH]; [simpl; ring|].
  rewrite mean_sample, S_INR. simpl.
  rewrite (mean_ext l _ (fun a => f a + INR k * mean l f)).
  - rewrite mean_add, mean_const by assumption. ring.
  - intro a. rewrite mean_add, sample_const, IH by assumption. reflexivity.
Qed.

(* Independent draws of mean 0: their squares add up. *)
Lemma mean_total_square {A} k (l : law A) f :
  probability l -> mean l f = 0 ->
  mean (sample k l) (fun x => total f x ^ 2) = INR k * mean l (fun a => f a ^ 2).
Proof.
  intros P Z. induction k as [|k IH]; [simpl; ring|].
  rewrite mean_sample, S_INR.
  rewrite (mean_ext l _ (fun a => f a ^ 2 + INR k * mean l (fun a => f a ^ 2))).
  - rewrite mean_add, mean_const by assumption. ring.
  - intro a. simpl total.
    rewrite (mean_ext (sample k l) _ (fun x => f a ^ 2 + (2 * f a * total f x + total f x ^ 2)))
      by (intro; ring).
    rewrite !mean_add, mean_scale, sample_const, mean_total, Z, IH by assumption. ring.
Qed.
