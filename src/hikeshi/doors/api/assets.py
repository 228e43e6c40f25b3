"""Assets: what there is to protect, and whose it is."""

from __future__ import annotations

from typing import Annotated, Any

from ninja import File, Query, Router, Status
from ninja.files import UploadedFile

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.assets import csv_rows, imports, verbs
from hikeshi.desk.assets.aws_rows import TagKeys
from hikeshi.doors import assets
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body, Page, Paging, newest_first

router = Router()


class AssetBody(Body):
    """What is left out stays as it is. `criticality` is 1 (vital) to 4 (low); `owner` is a name or mail address."""

    name: str | None = None
    kind: str | None = None
    owner: str | None = None
    criticality: int | None = None
    environment: str | None = None
    data: list[str] | None = None
    account: str | None = None
    tags: dict[str, str] | None = None

    def values(self) -> dict[str, Any]:
        given = {
            key: value for key, value in self.dict().items() if value is not None and key in AssetBody.model_fields
        }
        return {"owner_name" if key == "owner" else key: value for key, value in given.items()}


class NewAsset(AssetBody):
    """`identifier` is what alerts call it."""

    identifier: str


class CloudImport(Body):
    """From the tags of the AWS account. With `dry_run` nothing is written."""

    region: str = ""
    dry_run: bool = True
    owner_tags: tuple[str, ...] = ("Owner", "Team")
    criticality_tags: tuple[str, ...] = ("Criticality",)
    environment_tags: tuple[str, ...] = ("Environment", "Env")
    data_tags: tuple[str, ...] = ("Data", "DataClassification")


class Reason(Body):
    """Why."""

    reason: str


@router.get("/assets", response=Page[assets.AssetShape])
def list_assets(
    request: Call, paging: Annotated[Paging, Query()], search: str = "", retired: bool = False
) -> Page[assets.AssetShape]:
    """The register, newest row first. `search` looks in identifier, name, owner and account."""
    return newest_first(assets.rows_of(request.auth, search, retired=retired), paging, assets.shape)


@router.post("/assets", response={201: assets.AssetShape})
def add_asset(request: Call, body: NewAsset) -> Status[assets.AssetShape]:
    """Put an asset on the register."""
    return Status(201, assets.shape(verbs.add(body.identifier, actor=request.auth, **body.values())))


@router.post("/assets/import/csv", response=assets.ImportShape)
def import_assets(request: Call, file: Annotated[UploadedFile, File()], dry_run: bool = True) -> assets.ImportShape:
    """Many assets from a CSV file (see docs/assets.md). Rows that cannot be read are named in `bad`, the others are kept."""
    table, digest = assets.csv_table(file.read(csv_rows.LIMIT + 1), file.name or "upload")
    if dry_run:
        return assets.import_shape(imports.preview(table.rows, actor=request.auth, source="csv"), table, written=False)
    done = imports.take_in(table.rows, actor=request.auth, source="csv", file_sha256=digest)
    return assets.import_shape(done, table, written=True)


@router.post("/assets/import/aws", response=assets.ImportShape)
def import_cloud_assets(request: Call, body: CloudImport) -> assets.ImportShape:
    """Many assets from the tags of the AWS account."""
    require(request.auth, "triage")  # before the cloud is asked for somebody who may not
    keys = TagKeys(
        owner=body.owner_tags, criticality=body.criticality_tags,
        environment=body.environment_tags, data=body.data_tags,
    )  # fmt: skip
    rows = assets.cloud_rows(body.region, keys)
    if body.dry_run:
        return assets.import_shape(imports.preview(rows, actor=request.auth, source="aws"), None, written=False)
    return assets.import_shape(imports.take_in(rows, actor=request.auth, source="aws"), None, written=True)


@router.post("/assets/{path:identifier}/retire", response=assets.AssetShape)
def retire_asset(request: Call, identifier: str, body: Reason) -> assets.AssetShape:
    """It is no longer in use; its row stays for the past."""
    row = assets.named(request.auth, identifier)
    return assets.shape(verbs.retire(row, actor=request.auth, reason=body.reason))


@router.get("/assets/{path:identifier}", response=assets.AssetDetail)
def show_asset(request: Call, identifier: str) -> assets.AssetDetail:
    """One asset, with the open groups and the incidents that name it."""
    return assets.detail(assets.named(request.auth, identifier), request.auth)


@router.patch("/assets/{path:identifier}", response=assets.AssetShape)
def change_asset(request: Call, identifier: str, body: AssetBody) -> assets.AssetShape:
    """Change what is given."""
    row = assets.named(request.auth, identifier)
    return assets.shape(verbs.change(row, actor=request.auth, **body.values()))
