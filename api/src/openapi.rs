//! The description of the interface, made from its handlers. It is kept in `api/openapi.json`, from
//! which the pages' types are made; a test holds both equal.

use std::collections::BTreeSet;

use utoipa::{
    IntoResponses as _, OpenApi as _,
    openapi::{
        Components, OpenApi, RefOr, Schema,
        path::{Operation, PathItem},
        request_body::RequestBody,
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_axum::router::OpenApiRouter;

use crate::{
    demo,
    problems::{KeyProblems, Problem, Refusal, TooOften},
    router::{VERSION, for_administrators, for_everyone, for_readers},
    state::AppState,
};

/// The names of the two keys in the description.
const SUPERVISOR_KEY: &str = "supervisor_key";
const ADMIN_KEY: &str = "admin_key";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Teller",
        version = "1",
        description = "What the pages of callers and supervisors ask a worker.\n\nErrors are JSON \
                       with a sentence for people in `error`. What is null is always sent as null.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem, Refusal))
)]
struct Frame;

/// Every resource of the interface, OpenAPI 3.1.
#[must_use]
pub fn openapi() -> OpenApi {
    let resources = for_everyone()
        .merge(needs_key(for_readers(), &[SUPERVISOR_KEY, ADMIN_KEY]))
        .merge(needs_key(for_administrators(), &[ADMIN_KEY]))
        .merge(demo::router());
    let mut document = OpenApiRouter::<AppState>::with_openapi(Frame::openapi())
        .nest(VERSION, resources)
        .into_openapi();
    let requests = request_types(&document);
    let components = document.components.get_or_insert_default();
    answers_are_whole(components, &requests);
    for (name, setting) in [(SUPERVISOR_KEY, "SUPERVISOR_KEY"), (ADMIN_KEY, "ADMIN_KEY")] {
        let description = format!("The worker's setting `{setting}`.");
        let scheme = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(description));
        components.add_security_scheme(name, SecurityScheme::Http(scheme.build()));
    }
    document
}

/// Notes which keys open these resources, and what a wrong one leads to.
fn needs_key(mut router: OpenApiRouter<AppState>, keys: &[&str]) -> OpenApiRouter<AppState> {
    let paths = &mut router.get_openapi_mut().paths.paths;
    for operation in paths.values_mut().flat_map(operations) {
        let any = keys
            .iter()
            .map(|key| SecurityRequirement::new(*key, [""; 0]));
        operation.security = Some(any.collect());
        let responses = &mut operation.responses.responses;
        responses.extend(KeyProblems::responses());
        responses.extend(TooOften::responses());
    }
    router
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let methods = [
        &mut path.get,
        &mut path.put,
        &mut path.post,
        &mut path.patch,
        &mut path.delete,
    ];
    methods.into_iter().flatten()
}

/// The names of the types that requests are made of.
fn request_types(document: &OpenApi) -> BTreeSet<String> {
    let mut paths = document.paths.paths.clone();
    let bodies = paths
        .values_mut()
        .flat_map(operations)
        .filter_map(|operation| operation.request_body.take());
    bodies.filter_map(|body| request_type(&body)).collect()
}

fn request_type(body: &RefOr<RequestBody>) -> Option<String> {
    let RefOr::T(body) = body else { return None };
    let RefOr::T(content) = body.content.get("application/json")? else {
        return None;
    };
    match content.schema.as_ref()? {
        RefOr::Ref(reference) => Some(reference.ref_location.rsplit('/').next()?.to_owned()),
        RefOr::T(_inline) => None,
    }
}

/// Nothing is left out of an answer: what is absent is null. The derived schemas leave that open.
fn answers_are_whole(components: &mut Components, requests: &BTreeSet<String>) {
    let answers = components
        .schemas
        .iter_mut()
        .filter(|(name, _)| !requests.contains(*name));
    for (_, schema) in answers {
        if let RefOr::T(Schema::Object(object)) = schema {
            object.required = object.properties.keys().cloned().collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn openapi_json_describes_the_interface_as_it_is() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
        let mut made = openapi().to_pretty_json().expect("it is JSON");
        made.push('\n');
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(file, &made).expect("openapi.json is written");
        }
        let kept = std::fs::read_to_string(file).unwrap_or_default();
        assert!(
            made == kept,
            "api/openapi.json does not describe the handlers: UPDATE=1 cargo test -p api openapi \
             rewrites it, then `npm run wire` in web/ the pages' types"
        );
    }
}
