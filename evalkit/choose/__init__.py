"""Which model? The cheapest candidate that is usable on every task, by a race or from finished runs.

Theory of operation. Of M candidates each is judged at 1/M of the error rate, so the chance that any unusable one of
them is called usable is at most that of a single verdict, whichever is chosen afterwards and whenever the race ends. A
candidate is usable only if each of its tasks is, which needs no correction (intersection–union test).

`order` sorts the candidates by price, `race` asks one after the other, `finished` judges runs that are there already;
`judged` reads what a run says, `standing` what becomes of the candidate, `decision` who is chosen, and `advice` what
would help where nobody is.
"""
