output "role_arns" {
  description = "The four roles, for the list of accounts."
  value       = { for name, role in aws_iam_role.role : name => role.arn }
}

output "queue_url" {
  description = "For HIKESHI_QUEUE_URL."
  value       = aws_sqs_queue.alerts.url
}

output "dead_letter_url" {
  description = "What could not be delivered or taken in."
  value       = aws_sqs_queue.dead.url
}

output "evidence_bucket" {
  description = "For the account, or HIKESHI_EVIDENCE_BUCKET."
  value       = var.evidence_bucket
}

output "evidence_key" {
  description = "The key of evidence, for the account; empty where the bucket is elsewhere."
  value       = one(aws_kms_key.evidence[*].arn)
}
