# The evidence bucket: locked, versioned, over TLS only, with a key.

locals {
  bucket_arn = "arn:${local.partition}:s3:::${var.evidence_bucket}"
}

data "aws_iam_policy_document" "evidence_key" {
  statement {
    sid       = "Account"
    actions   = ["kms:*"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account}:root"]
    }
  }
  statement {
    sid       = "EvidenceIsWritten"
    actions   = ["kms:Decrypt", "kms:DescribeKey", "kms:GenerateDataKey"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.role["acquire"].arn]
    }
  }
  statement {
    sid       = "LookedAt"
    actions   = ["kms:DescribeKey"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.role["read"].arn]
    }
  }
}

resource "aws_kms_key" "evidence" {
  count                   = var.make_evidence_bucket ? 1 : 0
  description             = "Hikeshi, evidence"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  policy                  = data.aws_iam_policy_document.evidence_key.json
  tags                    = local.tags
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket" "evidence" {
  count               = var.make_evidence_bucket ? 1 : 0
  bucket              = var.evidence_bucket
  object_lock_enabled = true
  tags                = local.tags
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_versioning" "evidence" {
  count  = var.make_evidence_bucket ? 1 : 0
  bucket = aws_s3_bucket.evidence[0].id
  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_object_lock_configuration" "evidence" {
  count      = var.make_evidence_bucket ? 1 : 0
  bucket     = aws_s3_bucket.evidence[0].id
  depends_on = [aws_s3_bucket_versioning.evidence]
  rule {
    default_retention {
      mode = var.lock_mode
      days = var.lock_days
    }
  }
}

resource "aws_s3_bucket_public_access_block" "evidence" {
  count                   = var.make_evidence_bucket ? 1 : 0
  bucket                  = aws_s3_bucket.evidence[0].id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "evidence" {
  count  = var.make_evidence_bucket ? 1 : 0
  bucket = aws_s3_bucket.evidence[0].id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "evidence" {
  count  = var.make_evidence_bucket ? 1 : 0
  bucket = aws_s3_bucket.evidence[0].id
  rule {
    bucket_key_enabled = true
    apply_server_side_encryption_by_default {
      sse_algorithm     = "aws:kms"
      kms_master_key_id = aws_kms_key.evidence[0].arn
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "evidence" {
  count  = var.make_evidence_bucket ? 1 : 0
  bucket = aws_s3_bucket.evidence[0].id
  rule {
    id     = "unfinished-uploads"
    status = "Enabled"
    filter {}
    abort_incomplete_multipart_upload {
      days_after_initiation = 7
    }
  }
}

data "aws_iam_policy_document" "evidence" {
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.bucket_arn, "${local.bucket_arn}/*"]
    principals {
      type        = "*"
      identifiers = ["*"]
    }
    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
  statement {
    sid       = "EvidenceIsWritten"
    actions   = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:PutObject"]
    resources = ["${local.bucket_arn}/${var.evidence_prefix}/*"]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.role["acquire"].arn]
    }
  }
  statement {
    sid       = "UploadsAreListed"
    actions   = ["s3:ListBucket", "s3:ListBucketMultipartUploads"]
    resources = [local.bucket_arn]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.role["acquire"].arn]
    }
  }
  statement {
    sid = "LookedAt"
    actions = [
      "s3:GetBucketLocation", "s3:GetBucketObjectLockConfiguration", "s3:GetBucketPublicAccessBlock", "s3:GetBucketVersioning",
    ]
    resources = [local.bucket_arn]
    principals {
      type        = "AWS"
      identifiers = [aws_iam_role.role["read"].arn]
    }
  }
}

resource "aws_s3_bucket_policy" "evidence" {
  count  = var.make_evidence_bucket ? 1 : 0
  bucket = aws_s3_bucket.evidence[0].id
  policy = data.aws_iam_policy_document.evidence.json
}
