variable "project" {
  description = "ID of the Google Cloud project, with billing."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project ID has 6 to 30 small letters, digits and hyphens, and starts with a letter."
  }
}

variable "region" {
  description = "Where everything lives. One region: traffic between its parts is free."
  type        = string
  default     = "us-central1"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region, such as us-central1: not a zone (us-central1-a), not a multi-region (us)."
  }
}

variable "name" {
  description = "First part of the name of all that is made here. Another name is another installation."
  type        = string
  default     = "modelserver"
  nullable    = false

  validation {
    # The longest bucket name is PROJECT-NAME-packages: 30 + 1 + 17 + 9 of the 63 characters allowed.
    condition     = can(regex("^[a-z][a-z0-9-]{2,15}[a-z0-9]$", var.name))
    error_message = "4 to 17 small letters, digits and hyphens; a letter first, no hyphen last."
  }
}

variable "labels" {
  description = "Further labels for every resource that can carry them."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "invokers" {
  description = "Who may call the functions, such as user:ada@example.org or serviceAccount:ci@p.iam.gserviceaccount.com."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for member in var.invokers : can(regex("^(user|group|serviceAccount|domain|principal|principalSet):.+", member))
    ])
    error_message = "Members with their kind, such as user:ada@example.org. To let everybody in, name functions in `public`."
  }
}

variable "public" {
  description = "Functions that anybody on the Internet may call, such as [\"get\", \"list_packages\", \"download\"]."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for name in var.public : contains(["upload", "get", "download", "list_packages", "delete_package", "check", "infer", "api"], name)
    ])
    error_message = "Names of HTTP functions: upload, get, download, list_packages, delete_package, check, infer, api."
  }

  validation {
    condition     = var.token != null || length(setintersection(var.public, ["upload", "delete_package", "check", "infer", "api"])) == 0
    error_message = "upload, delete_package, check, infer and api spend money or destroy: make them public only with a `token`."
  }

  validation {
    condition     = var.one_url || !contains(var.public, "api")
    error_message = "The function api is made only with one_url = true."
  }
}

variable "token" {
  description = "A Secret Manager secret whose version holds the token that public functions ask for; null for none."
  type = object({
    secret  = string
    version = string
  })
  default = null

  validation {
    condition     = var.token == null || can(regex("^[0-9]+$", var.token.version))
    error_message = "A version number: `latest` would change under a running function."
  }
}

variable "one_url" {
  description = "Whether to make `api` too: every route at one URL, with the rights of all functions together."
  type        = bool
  default     = false
  nullable    = false
}

variable "protect" {
  description = "Whether packages and records outlive `terraform destroy`. Apply with false first to remove them."
  type        = bool
  default     = true
  nullable    = false
}

variable "keep_logs_days" {
  description = "After how many days build logs go."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.keep_logs_days >= 1 && floor(var.keep_logs_days) == var.keep_logs_days
    error_message = "A whole number of days, at least 1."
  }
}

variable "undelete_days" {
  description = "For how many days a deleted zip can be had back (0, or 7 to 90). It is paid for as long."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.undelete_days == 0 || (var.undelete_days >= 7 && var.undelete_days <= 90)
    error_message = "0, or 7 to 90: Cloud Storage knows no other soft delete."
  }
}
