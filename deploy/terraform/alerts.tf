# Findings from EventBridge into a queue that Hikeshi reads, with a dead-letter queue and a key.

data "aws_iam_policy_document" "alerts_key" {
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
    sid       = "EventBridgeWrites"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local.account]
    }
  }
  statement {
    sid       = "HikeshiReads"
    actions   = ["kms:Decrypt"]
    resources = ["*"]
    principals {
      type        = "AWS"
      identifiers = [var.hikeshi_principal]
    }
    condition {
      test     = "StringEquals"
      variable = "kms:ViaService"
      values   = ["sqs.${data.aws_region.here.name}.amazonaws.com"]
    }
  }
}

resource "aws_kms_key" "alerts" {
  description         = "Hikeshi, alerts on their way"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.alerts_key.json
  tags                = local.tags
}

resource "aws_sqs_queue" "dead" {
  name                      = "${var.queue_name}-dead"
  kms_master_key_id         = aws_kms_key.alerts.arn
  message_retention_seconds = 1209600
  tags                      = local.tags
}

resource "aws_sqs_queue" "alerts" {
  name                       = var.queue_name
  kms_master_key_id          = aws_kms_key.alerts.arn
  message_retention_seconds  = 1209600
  receive_wait_time_seconds  = 20
  visibility_timeout_seconds = var.visibility_seconds
  redrive_policy             = jsonencode({ deadLetterTargetArn = aws_sqs_queue.dead.arn, maxReceiveCount = 5 })
  tags                       = local.tags
}

locals {
  patterns = {
    guardduty = { source = ["aws.guardduty"], "detail-type" = ["GuardDuty Finding"] }
    security-hub = {
      source        = ["aws.securityhub"]
      "detail-type" = ["Security Hub Findings - Imported", "Security Hub Findings - Custom Action"]
    }
    config = {
      source        = ["aws.config"]
      "detail-type" = ["Config Rules Compliance Change"]
      detail = {
        newEvaluationResult = { complianceType = ["NON_COMPLIANT"] }
        configRuleName      = [{ prefix = "s3-bucket-" }, { prefix = "s3-account-" }]
      }
    }
  }
}

resource "aws_cloudwatch_event_rule" "findings" {
  for_each      = local.patterns
  name          = "hikeshi-${each.key}"
  description   = "Hikeshi, findings of ${each.key}"
  event_pattern = jsonencode(each.value)
  tags          = local.tags
}

resource "aws_cloudwatch_event_target" "queue" {
  for_each  = local.patterns
  rule      = aws_cloudwatch_event_rule.findings[each.key].name
  target_id = "hikeshi"
  arn       = aws_sqs_queue.alerts.arn
  dead_letter_config {
    arn = aws_sqs_queue.dead.arn
  }
}

data "aws_iam_policy_document" "queues" {
  for_each = { alerts = aws_sqs_queue.alerts.arn, dead = aws_sqs_queue.dead.arn }
  statement {
    sid       = "EventBridgeWrites"
    actions   = ["sqs:SendMessage"]
    resources = [each.value]
    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [for rule in aws_cloudwatch_event_rule.findings : rule.arn]
    }
  }
  dynamic "statement" {
    for_each = each.key == "alerts" ? [each.value] : []
    content {
      sid       = "HikeshiReads"
      actions   = ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"]
      resources = [statement.value]
      principals {
        type        = "AWS"
        identifiers = [var.hikeshi_principal]
      }
    }
  }
  statement {
    sid       = "OnlyOverTls"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]
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
}

resource "aws_sqs_queue_policy" "alerts" {
  queue_url = aws_sqs_queue.alerts.id
  policy    = data.aws_iam_policy_document.queues["alerts"].json
}

resource "aws_sqs_queue_policy" "dead" {
  queue_url = aws_sqs_queue.dead.id
  policy    = data.aws_iam_policy_document.queues["dead"].json
}
