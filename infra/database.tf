# Named, not "(default)": the default one cannot be made again by Terraform once it was removed.
resource "google_firestore_database" "packages" {
  name        = var.name
  location_id = var.region
  type        = "FIRESTORE_NATIVE"

  # DELETE, or the database would silently outlive a destroy; what guards the records is the protection.
  deletion_policy         = "DELETE"
  delete_protection_state = var.protect ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"

  depends_on = [google_project_service.used]
}

# One index for each field set that functions/modelserver/gcp/firestore.py queries (its INDEXES; a test compares).
# The emulator answers queries without an index, Google does not.
locals {
  indexes = {
    all            = []
    status         = ["status"]
    name           = ["name"]
    status_of_name = ["status", "name"]
  }
}

resource "google_firestore_index" "packages" {
  for_each = local.indexes

  database   = google_firestore_database.packages.name
  collection = "packages"

  dynamic "fields" {
    for_each = each.value
    content {
      field_path = fields.value
      order      = "ASCENDING"
    }
  }

  fields {
    field_path = "created"
    order      = "DESCENDING"
  }

  fields {
    field_path = "id"
    order      = "DESCENDING"
  }
}

# The package as JSON, up to 1 MiB. Nothing asks by it; indexed, each write would write it again and cost storage.
resource "google_firestore_field" "record" {
  database   = google_firestore_database.packages.name
  collection = "packages"
  field      = "record"

  index_config {}
}
