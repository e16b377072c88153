"""The ports on Google Cloud. The SDKs are imported only here, each module its own and no other's."""
