# The predefined roles hold more than any function needs (datastore.viewer lists every database, builds.editor
# approves builds, objectUser writes to all of a bucket). These hold what the calls need, by Google's tables of permissions.
locals {
  roles = {
    # Firestore: a read by ID; a query; a new record; a change on a condition; a removal. Without transactions,
    # so without datastore.databases.get.
    record_read   = ["datastore.entities.get"]
    record_list   = ["datastore.entities.get", "datastore.entities.list"]
    record_create = ["datastore.entities.create", "datastore.entities.get"]
    record_update = ["datastore.entities.get", "datastore.entities.update"]
    record_delete = ["datastore.entities.delete", "datastore.entities.get"]

    # Cloud Build: how a build stands, or which build has a tag; a new one; an end before its time.
    build_read   = ["cloudbuild.builds.get", "cloudbuild.builds.list"]
    build_submit = ["cloudbuild.builds.create"]
    build_cancel = ["cloudbuild.builds.update"]

    # Cloud Run: call a service; see whether there is one, and make it; remove it. Without setIamPolicy: nobody gets
    # in who is not in by the project's bindings.
    run_call   = ["run.routes.invoke"]
    run_make   = ["run.operations.get", "run.services.create", "run.services.get"]
    run_remove = ["run.operations.get", "run.services.delete", "run.services.get"]

    # Cloud Storage: see what is there; read; make, move and remove; remove. Names alone, for without the first
    # Cloud Storage answers 403, not 404, for an object that is not there.
    object_list = ["storage.objects.list"]
    object_read = ["storage.objects.get"]
    object_write = [
      "storage.objects.create",
      "storage.objects.delete",
      "storage.objects.get",
      "storage.objects.move",
    ]
    object_remove = ["storage.objects.delete", "storage.objects.get"]

    # A signature, and not, as roles/iam.serviceAccountTokenCreator, tokens too.
    link_sign = ["iam.serviceAccounts.signBlob"]
  }
}

resource "google_project_iam_custom_role" "modelserver" {
  for_each = local.roles

  # A role's ID takes no hyphens, and stays taken for weeks after its removal; Terraform then revives it.
  role_id     = "${replace(var.name, "-", "_")}_${each.key}"
  title       = "${var.name}: ${replace(each.key, "_", " ")}"
  permissions = each.value

  depends_on = [google_project_service.used]
}
