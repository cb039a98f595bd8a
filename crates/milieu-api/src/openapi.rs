//! The OpenAPI 3.1 description: one table of routes, and the schemas of the wire structs.

use crate::{
    AttributeRequest, AttributeScore, Audience, AuthorInterest, BatchStored, ClassLabel, Comment,
    CommentRequest, CommentScores, CommunityBridge, CommunityList, CommunityOut, CommunityTag,
    CommunityTopic, Credibility, Dataset, DatasetFormat, DatasetList, Embedding, Embeddings,
    EmbeddingsRequest, ErrorBody, ErrorDetail, EventIn, EventStored, EventType, EventsStored, ExplainedLabel,
    Explanation, Feed, FeedEntry, FoundBy, Health, ImageAnalysis, Inauthentic, InauthenticSign,
    InferenceRequest, InterestList, InterestWhy, ItemIn, ItemList, ItemOut, ItemPatchIn, ItemScore,
    ItemUnderstood, Job, JobList, JobSpec, JobState, MediaWire, ModelCardOut, ModelChange, ModelData,
    ModelFile, ModelLineage, ModelList, ModelOut, ModelServing, ModelStages, ModelTrial, Moderation,
    ModerationInput, ModerationPart, ModerationRequest, Moderations, MovingWord, NeedSign, OptimizeJob,
    OptimizeMethod, PrivateSpan, PromoteIn, RankedPlace, Reading, Reason, ReceiptOut, Replay, Score,
    SearchHit, SearchHits, SearchMode, SearchRequest, ServedVersion, ShadowAgreement, SharedInterests,
    SharedTag, SharedTopic, SideTone, SlotLabel, SpanScore, Stats, Stored, SuggestionList, SuggestionOut,
    SuggestionReason, TagInterest, TextAnalysis, TextKeyword, TextLabels, TextLanguage, TextNeed,
    TextRequest, TextResult, Texts, TieEvidence, TieGround, TieKindOut, TieOut, TieSide, TieStrength,
    TieTone, TieTrend, TopicEntry, TopicInterest, TopicList, TopicOfItem, TrainJob, Training, TrialIn, Usage,
    UserIn, UserList, UserOut, UserPatchIn, UserScore, Vector, VectorEncoding,
};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

struct Route {
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    query: &'static [(&'static str, &'static str, &'static str)],
    /// The schema of the body; a trailing `*` allows a list of it. What has a `/` in it is a content type.
    body: &'static str,
    /// The schema of the answer, or its content type.
    answer: &'static str,
}

const fn route(
    method: &'static str,
    path: &'static str,
    summary: &'static str,
    body: &'static str,
    answer: &'static str,
) -> Route {
    Route { method, path, summary, query: &[], body, answer }
}

const LIMIT: (&str, &str, &str) = ("limit", "integer", "How many, 1 to 100; 20 where it is left out");

const ROUTES: &[Route] = &[
    route("post", "/v1/events", "Report what happened; durable, idempotent by id", "Event*", "EventsStored"),
    route("post", "/v1/users", "Describe many users", "UserIn*", "BatchStored"),
    Route {
        query: &[LIMIT, ("after", "integer", "Where the page before ended")],
        ..route("get", "/v1/users", "Described users", "", "UserList")
    },
    route("put", "/v1/users/{id}", "Describe a user", "UserIn", "Stored"),
    route("patch", "/v1/users/{id}", "Change some fields of a user", "UserPatch", "Stored"),
    route("get", "/v1/users/{id}", "A user as stored", "", "User"),
    route("delete", "/v1/users/{id}", "Remove a user and all they did and made", "", "Stored"),
    Route {
        query: &[LIMIT],
        ..route(
            "get",
            "/v1/users/{id}/interests",
            "What a user is interested in, and why",
            "",
            "InterestList",
        )
    },
    route(
        "get",
        "/v1/users/{id}/credibility",
        "How far an account is trusted, and what speaks against it; needs `people.credibility`",
        "",
        "Credibility",
    ),
    route("get", "/v1/ties/{a}/{b}", "The tie of two users, and what it is read from", "", "Tie"),
    Route {
        query: &[LIMIT],
        ..route("get", "/v1/communities", "Communities, each with its first members", "", "CommunityList")
    },
    Route {
        query: &[LIMIT, ("after", "integer", "How many members to pass over")],
        ..route("get", "/v1/communities/{id}", "A community", "", "Community")
    },
    route("post", "/v1/items", "Describe many items", "ItemIn*", "BatchStored"),
    route("put", "/v1/items/{id}", "Describe an item", "ItemIn", "Stored"),
    route("patch", "/v1/items/{id}", "Change some fields of an item", "ItemPatch", "Stored"),
    route("get", "/v1/items/{id}", "An item as stored", "", "Item"),
    route("delete", "/v1/items/{id}", "Remove an item and all that was done to it", "", "Stored"),
    route("get", "/v1/items/{id}/understood", "What models say of an item's text", "", "ItemUnderstood"),
    route(
        "post",
        "/v1/items/search",
        "Items by the meaning and the terms of a text",
        "SearchItems",
        "SearchHits",
    ),
    Route { query: &[LIMIT], ..route("get", "/v1/items/{id}/similar", "Items like an item", "", "ItemList") },
    Route {
        query: &[LIMIT],
        ..route("get", "/v1/items/{id}/audience", "Whom an item may interest", "", "Audience")
    },
    Route {
        query: &[
            LIMIT,
            ("cursor", "string", "The cursor of the page before"),
            ("explain", "boolean", "With the numbers behind each score"),
            ("full", "boolean", "With the items themselves"),
            ("disable", "string", "Stages to leave out, separated by commas"),
            (
                "exclude_labels",
                "string",
                "What an item's text must not say: `MODEL/LABEL` where the label applies, `MODEL/LABEL:P` from a probability on; separated by commas",
            ),
            ("only_labels", "string", "What an item's text must say one of, in the same way"),
            ("order", "string", "`ranked` or `chronological`"),
            ("lang", "string", "The language of reasons, `en` or `zh`"),
        ],
        ..route("get", "/v1/feed/{user}", "A page of a user's feed", "", "Feed")
    },
    Route { query: &[LIMIT], ..route("get", "/v1/trends", "What is bursting now", "", "ItemList") },
    Route {
        query: &[
            LIMIT,
            ("explain", "boolean", "With the numbers behind each score"),
            ("lang", "string", "The language of reasons, `en` or `zh`"),
        ],
        ..route("get", "/v1/people/{user}", "People whom a user may know, and why", "", "SuggestionList")
    },
    route("get", "/v1/topics", "What items are about", "", "TopicList"),
    route("get", "/v1/receipts/{id}", "A decision, made again", "", "ReceiptOut"),
    route("get", "/v1/stats", "What the server holds", "", "Stats"),
    route("get", "/v1/training", "How training stands", "", "Training"),
    route("post", "/v1/training", "Train now", "", "Training"),
    route("get", "/v1/models", "Model versions", "", "ModelList"),
    route("get", "/v1/models/{name}", "A model: its versions, and what it serves with", "", "Model"),
    route("get", "/v1/models/{name}/{version}", "All that is known about a version", "", "ModelCard"),
    route("post", "/v1/models/{name}/promote", "Make a version live", "PromoteModel", "Model"),
    route("post", "/v1/models/{name}/rollback", "Make the version before live again", "", "Model"),
    route("get", "/v1/datasets", "Uploaded data sets", "", "DatasetList"),
    route(
        "post",
        "/v1/datasets/{name}",
        "Upload a data set: a zip, tar, tar.gz or tar.xz archive, or a JSON object a line",
        "application/octet-stream",
        "Dataset",
    ),
    route("get", "/v1/datasets/{name}", "A data set", "", "Dataset"),
    route("delete", "/v1/datasets/{name}", "Remove a data set that no job uses", "", "Dataset"),
    route("get", "/v1/jobs", "Jobs", "", "JobList"),
    route("post", "/v1/jobs", "Start a job", "JobSpec", "Job"),
    route("get", "/v1/jobs/{id}", "A job and what it said", "", "Job"),
    route("delete", "/v1/jobs/{id}", "End a job", "", "Job"),
    route("post", "/v1/jobs/{id}/cancel", "End a job", "", "Job"),
    route("get", "/v1/jobs/{id}/events", "What a job says, from its beginning", "", "text/event-stream"),
    route("get", "/v1/jobs/{id}/report", "The report of a training", "", "text/html"),
    route(
        "post",
        "/v1/models/{name}/canary",
        "Let a version answer a share of the requests",
        "TryModel",
        "Model",
    ),
    route("delete", "/v1/models/{name}/canary", "End the canary", "", "Model"),
    route("post", "/v1/models/{name}/shadow", "Let a version compute a share beside", "TryModel", "Model"),
    route("delete", "/v1/models/{name}/shadow", "End the shadow", "", "Model"),
    Route {
        query: &[
            ("model", "string", "Which; may be left out where only one classifies pictures"),
            ("top", "integer", "How many labels, 1 to 1000; 5 where it is left out"),
            ("key", "string", "Such as a user's id: requests of one key are answered by one version"),
        ],
        ..route("post", "/v1/analyze/image", "What a picture shows", "image/*", "ImageAnalysis")
    },
    route("post", "/v1/analyze/text", "What texts say", "AnalyzeText", "TextAnalysis"),
    route(
        "post",
        "/v1/embeddings",
        "Vectors of texts, as OpenAI gives them",
        "EmbeddingsRequest",
        "Embeddings",
    ),
    Route {
        query: &[("model", "string", "The model; the only one of its kind where it is left out")],
        ..route(
            "post",
            "/embed",
            "Vectors of texts, as text-embeddings-inference gives them",
            "InferenceRequest",
            "application/json",
        )
    },
    Route {
        query: &[("model", "string", "The model; the only one of its kind where it is left out")],
        ..route(
            "post",
            "/predict",
            "Labels of texts, as text-embeddings-inference gives them",
            "InferenceRequest",
            "application/json",
        )
    },
    route(
        "post",
        "/v1/moderations",
        "What harms in texts, as OpenAI says it",
        "ModerationRequest",
        "Moderations",
    ),
    route(
        "post",
        "/v1alpha1/comments:analyze",
        "What harms in a comment, as Perspective says it",
        "CommentRequest",
        "CommentScores",
    ),
    route("get", "/healthz", "Whether the server runs", "", "Health"),
    route("get", "/readyz", "Whether the server takes requests", "", "Health"),
];

macro_rules! schemas {
    ($($type:ty),* $(,)?) => {{
        let mut all = Map::new();
        $(all.insert(<$type as ToSchema>::name().into_owned(), value(<$type as utoipa::PartialSchema>::schema()));)*
        all
    }};
}

fn value(schema: impl serde::Serialize) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

fn operation(route: &Route) -> Value {
    let in_path = route
        .path
        .split('{')
        .skip(1)
        .filter_map(|rest| rest.split('}').next())
        .map(|name| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}}));
    let in_query = route.query.iter().map(|(name, kind, what)| {
        json!({"name": name, "in": "query", "description": what, "schema": {"type": kind}})
    });
    let parameters: Vec<Value> = in_path.chain(in_query).collect();
    let content = |schema: Value| json!({"application/json": {"schema": schema}});
    let plain = |media: &str| json!({media: {"schema": {"type": "string"}}});
    let answer = match route.answer {
        media if media.contains('/') => plain(media),
        name => content(reference(name)),
    };
    let mut operation = json!({
        "summary": route.summary,
        "parameters": parameters,
        "responses": {
            "200": {"description": "Done", "content": answer},
            "default": {"description": "Refused or failed", "content": content(reference("ErrorBody"))},
        },
    });
    if route.body.contains('/') {
        operation["requestBody"] = json!({"required": true, "content": plain(route.body)});
    } else if !route.body.is_empty() {
        let schema = match route.body.strip_suffix('*') {
            Some(name) => json!({"oneOf": [{"type": "array", "items": reference(name)}, reference(name)]}),
            None => reference(route.body),
        };
        operation["requestBody"] = json!({"required": true, "content": content(schema)});
    }
    operation
}

/// The description of every route, as pretty JSON. `testdata/openapi.json` is its golden copy.
#[must_use]
pub fn openapi() -> String {
    let mut paths = Map::new();
    for route in ROUTES {
        let methods = paths.entry(route.path).or_insert_with(|| json!({}));
        methods[route.method] = operation(route);
    }
    let schemas = schemas![
        Audience,
        BatchStored,
        Dataset,
        DatasetFormat,
        DatasetList,
        Embedding,
        Embeddings,
        EmbeddingsRequest,
        ErrorBody,
        ErrorDetail,
        EventIn<'_>,
        EventStored,
        EventType,
        EventsStored,
        Explanation,
        Feed,
        FeedEntry,
        FoundBy,
        Health,
        ImageAnalysis,
        InferenceRequest,
        ClassLabel,
        ExplainedLabel,
        MovingWord,
        AttributeRequest,
        AttributeScore,
        AuthorInterest,
        CommunityBridge,
        CommunityList,
        CommunityOut,
        CommunityTag,
        CommunityTopic,
        Credibility,
        Inauthentic,
        InauthenticSign,
        InterestList,
        InterestWhy,
        SharedInterests,
        SharedTag,
        SharedTopic,
        SideTone,
        TagInterest,
        TieEvidence,
        TieGround,
        TieKindOut,
        TieOut,
        TieSide,
        TieStrength,
        TieTone,
        TieTrend,
        TopicInterest,
        Comment,
        CommentRequest,
        CommentScores,
        Moderation,
        ModerationInput,
        ModerationPart,
        ModerationRequest,
        Moderations,
        Score,
        SpanScore,
        SlotLabel,
        ItemUnderstood,
        Reading,
        SearchHit,
        SearchHits,
        SearchMode,
        SearchRequest,
        TextAnalysis,
        TextLanguage,
        PrivateSpan,
        NeedSign,
        TextKeyword,
        TextNeed,
        TextLabels,
        TextRequest,
        TextResult,
        Texts,
        Usage,
        Vector,
        VectorEncoding,
        ItemIn,
        ItemList,
        ItemOut,
        ItemPatchIn,
        ItemScore,
        Job,
        JobList,
        JobSpec,
        JobState,
        MediaWire,
        ModelCardOut,
        ModelChange,
        ModelData,
        ModelFile,
        ModelLineage,
        ModelList,
        ModelOut,
        ModelServing,
        ModelStages,
        ModelTrial,
        OptimizeJob,
        OptimizeMethod,
        RankedPlace,
        PromoteIn,
        Reason,
        ReceiptOut,
        Replay,
        ServedVersion,
        ShadowAgreement,
        Stats,
        Stored,
        SuggestionList,
        SuggestionOut,
        SuggestionReason,
        TopicEntry,
        TopicList,
        TopicOfItem,
        TrainJob,
        Training,
        TrialIn,
        UserIn,
        UserList,
        UserOut,
        UserPatchIn,
        UserScore,
    ];
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Milieu",
            "description": "Social intelligence for an app's backend: events in, ranked feed out.",
            "version": env!("CARGO_PKG_VERSION"),
            "license": {"name": "MIT OR Apache-2.0"},
        },
        "paths": paths,
        "components": {"schemas": schemas},
    });
    format!("{document:#}\n")
}
