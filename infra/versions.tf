terraform {
  # 1.9: a variable's validation may look at other variables.
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # Every attribute here is checked against the schema of 8.7 (tests/cloud/test_infra_schema.py).
      version = "~> 8.7"
    }
    archive = {
      source  = "hashicorp/archive"
      version = "~> 2.8"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  # On every resource that can carry labels: what this installation costs is one filter in the bill.
  default_labels = merge({ app = var.name }, var.labels)
}
