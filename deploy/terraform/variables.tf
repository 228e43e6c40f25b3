variable "hikeshi_principal" {
  type        = string
  description = "ARN of the role or user Hikeshi runs as."
  validation {
    condition     = can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$", var.hikeshi_principal))
    error_message = "An ARN of a role or a user."
  }
}

variable "external_id" {
  type        = string
  description = "A value of this account's own that Hikeshi names when it comes."
  validation {
    condition     = length(var.external_id) >= 8
    error_message = "At least 8 characters."
  }
}

variable "evidence_bucket" {
  type        = string
  description = "Name of the evidence bucket."
}

variable "make_evidence_bucket" {
  type        = bool
  default     = true
  description = "Whether this account and region holds the bucket; otherwise it is only named in the policies."
}

variable "evidence_prefix" {
  type    = string
  default = "hikeshi"
}

variable "role_prefix" {
  type    = string
  default = "hikeshi"
}

variable "queue_name" {
  type    = string
  default = "hikeshi-alerts"
}

variable "visibility_seconds" {
  type        = number
  default     = 120
  description = "Longer than taking in a batch and planning takes."
}

variable "lock_mode" {
  type        = string
  default     = "GOVERNANCE"
  description = "COMPLIANCE cannot be shortened by anybody, not even the root user."
  validation {
    condition     = contains(["GOVERNANCE", "COMPLIANCE"], var.lock_mode)
    error_message = "GOVERNANCE or COMPLIANCE."
  }
}

variable "lock_days" {
  type    = number
  default = 365
}
