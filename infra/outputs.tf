output "urls" {
  description = "Function to URL. With one_url, `api` has every route."
  value       = { for name, function in google_cloudfunctions2_function.http : name => function.service_config[0].uri }
}

output "buckets" {
  description = "Where zips and logs are."
  value = {
    packages = google_storage_bucket.packages.name
    logs     = google_storage_bucket.logs.name
  }
}

output "registry" {
  description = "Where images are; a package's stands under its name."
  value       = local.settings.MODELSERVER_REGISTRY
}

output "settings" {
  description = "What the functions are told, for running one elsewhere."
  value       = { for name, value in local.settings : name => value if startswith(name, "MODELSERVER_") }
}

output "curl" {
  description = "Ready lines: each route by its function, as the person who is logged in to gcloud."
  value       = <<-EOT
    export AUTH="Authorization: Bearer $(gcloud auth print-identity-token)"
    curl -H "$AUTH" -F file=@hello.zip ${local.uri.upload}/v1/packages/upload
    curl -H "$AUTH" --json '{"Size": 123456789}' ${local.uri.upload}/v1/packages/uploads
    curl -H "$AUTH" -H 'Content-Type: application/yaml' --data-binary @jid.yaml ${local.uri.check}/v1/packages/check
    curl -H "$AUTH" ${local.uri.get}/v1/packages/ID
    curl -H "$AUTH" ${local.uri.download}/v1/packages/ID/log
    curl -H "$AUTH" -L -o package.zip ${local.uri.download}/v1/packages/ID.zip
    curl -H "$AUTH" ${local.uri.list_packages}/v1/packages/
    curl -H "$AUTH" --json '{"text": "hello"}' ${local.uri.infer}/v1/packages/ID/infer
    curl -H "$AUTH" -X DELETE ${local.uri.delete_package}/v1/packages/ID
  EOT
}

output "check" {
  description = "A script: checks a config, uploads a tiny package, and shows the list. `terraform output -raw check | bash`."
  value       = <<-EOT
    set -euo pipefail
    AUTH="Authorization: Bearer $(gcloud auth print-identity-token)"
    WORK=$(mktemp -d); trap 'rm -rf "$WORK"' EXIT
    printf 'name: check/hello\nmodel: infer.py:Model\n' > "$WORK/jid.yaml"
    printf 'class Model:\n    def run(self, name: str = "you") -> str:\n        return "Hello, " + name\n' > "$WORK/infer.py"
    (cd "$WORK" && python3 -m zipfile -c hello.zip jid.yaml infer.py)
    echo "check: ";  curl -sS --fail-with-body -H "$AUTH" --data-binary @"$WORK/hello.zip" -H 'Content-Type: application/zip' ${local.uri.check}/v1/packages/check
    echo "upload: "; curl -sS --fail-with-body -H "$AUTH" --data-binary @"$WORK/hello.zip" -H 'Content-Type: application/zip' ${local.uri.upload}/v1/packages/upload
    echo "list: ";   curl -sS --fail-with-body -H "$AUTH" ${local.uri.list_packages}/v1/packages/
  EOT
}

locals {
  uri = { for name, function in google_cloudfunctions2_function.http : name => function.service_config[0].uri }
}
