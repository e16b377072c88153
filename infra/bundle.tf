# The functions' source, laid out as the repository is, so that code finds its files the same way in both.
locals {
  root = "${path.module}/.."

  bundled = concat(
    ["requirements.txt", "buildspecs/model.yaml"],
    sort(fileset(local.root, "functions/**/*.{py,json,html,css,js,svg}")),
    sort(fileset(local.root, "runtime/jid/**/*.py")),
  )
}

data "archive_file" "bundle" {
  type             = "zip"
  output_path      = "${path.module}/.bundle/functions.zip"
  output_file_mode = "0644" # the same bytes whatever the umask

  dynamic "source" {
    for_each = local.bundled
    content {
      filename = source.value
      content  = file("${local.root}/${source.value}")
    }
  }
}

# The name changes with the content: under one name, a change would not be deployed.
resource "google_storage_bucket_object" "bundle" {
  name   = "functions-${data.archive_file.bundle.output_sha256}.zip"
  bucket = google_storage_bucket.sources.name
  source = data.archive_file.bundle.output_path
}
