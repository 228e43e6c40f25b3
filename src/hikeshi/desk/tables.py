"""Many tables at once: the first migration of an app, quick enough for a first start."""

from __future__ import annotations

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import ProjectState


class Tables(migrations.Migration):
    """A migration of nothing but new tables, and of first rows in them.

    For every new model Django renders all models anew that are related to it, however far: most of the seconds of a first start.
    Here they are rendered once, with all the new ones among them. Not for changes of tables, which need the state from before, too.
    """

    def apply(
        self, project_state: ProjectState, schema_editor: BaseDatabaseSchemaEditor, collect_sql: bool = False
    ) -> ProjectState:
        """As Django's, with the state of the end for every operation."""
        project_state.__dict__.pop("apps", None)
        for operation in self.operations:
            operation.state_forwards(self.app_label, project_state)
        for operation in self.operations:
            if operation.reduces_to_sql or not collect_sql:
                operation.database_forwards(self.app_label, schema_editor, project_state, project_state)
        return project_state
