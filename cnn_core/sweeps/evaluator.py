"""Which setting mattered, by Optuna. Run as a program: it loads scikit-learn, which the server does not.

    python evaluator.py JOURNAL STUDY EVALUATOR

prints one JSON object: the share of each setting by its name, the largest first.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from optuna import Study

EVALUATORS = ("ped_anova", "fanova")


def evaluate(study: Study, evaluator: str) -> dict[str, float]:
    """How much each setting mattered for the value of a trial: shares that add up to 1, largest first.

    Args:
        study: With some complete trials.
        evaluator: Optuna's "ped_anova", or "fanova", which knows no settings that only some trials have.

    Returns:
        Nothing while there are too few complete trials, or none of their settings differ.

    References: Watanabe, Bansal, Hutter, "PED-ANOVA", IJCAI 2023; Hutter, Hoos, Leyton-Brown, "An efficient
        approach for assessing hyperparameter importance", ICML 2014.
    """
    from optuna import importance
    from optuna.trial import TrialState

    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    if len({trial.value for trial in complete}) < 2:
        return {}
    judge = (
        importance.FanovaImportanceEvaluator(seed=0)
        if evaluator == "fanova"
        else importance.PedAnovaImportanceEvaluator()
    )
    try:
        return dict(importance.get_param_importances(study, evaluator=judge))
    except (ValueError, RuntimeError):  # nothing differs
        return {}


def main(journal: str, name: str, evaluator: str) -> None:
    """Read the study and print what mattered."""
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    storage = JournalStorage(JournalFileBackend(journal))
    study = optuna.load_study(study_name=name, storage=storage)
    print(json.dumps(evaluate(study, evaluator)))


if __name__ == "__main__":
    main(*sys.argv[1:4])
