//! Wire structs, the error body and the OpenAPI description.
