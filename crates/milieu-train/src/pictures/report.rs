//! A report of a run as one HTML page that needs nothing else.

use super::fit::Epoch;
use super::run::{Mistake, Report};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use milieu_dataset::pictures::Dropped;
use std::fmt::Write;

/// Width and height of a chart in pixels.
const CHART: [f64; 2] = [420.0, 220.0];
/// Room around the lines of a chart.
const MARGIN: f64 = 36.0;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;\
    color:#1c2733}h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2rem}table{border-collapse:collapse}\
    td,th{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #dde3ea}th:first-child,td:first-child\
    {text-align:left}.cell{text-align:center;border:1px solid #fff}figure{display:inline-block;margin:.4rem;\
    width:7rem;font-size:.8rem;text-align:center;vertical-align:top}figure img{width:6rem;height:6rem;\
    image-rendering:pixelated}.charts{display:flex;flex-wrap:wrap;gap:1rem}pre{background:#f3f6f9;padding:1rem;\
    overflow:auto}text{font-size:11px;fill:#56636f}";

/// The page.
#[must_use]
pub fn html(name: &str, report: &Report, mistakes: &[Mistake]) -> String {
    let mut page = String::with_capacity(64 << 10);
    let name = escape(name);
    put(
        &mut page,
        format_args!(
            "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
             <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\
             <h1>{name}</h1>"
        ),
    );
    overview(&mut page, report);
    page.push_str("<h2>Learning</h2><div class=\"charts\">");
    chart(&mut page, "Training loss", &report.epochs, |epoch| epoch.loss);
    chart(&mut page, "Validation accuracy", &report.epochs, |epoch| epoch.accuracy);
    chart(&mut page, "Validation log loss", &report.epochs, |epoch| epoch.log_loss);
    page.push_str("</div>");
    classes(&mut page, report);
    confusion(&mut page, report);
    worst(&mut page, report, mistakes);
    left_out(&mut page, report);
    // A recipe is plain data and always becomes JSON.
    let recipe = serde_json::to_string_pretty(&report.recipe).unwrap_or_default();
    put(&mut page, format_args!("<h2>Recipe</h2><pre>{}</pre></body></html>\n", escape(&recipe)));
    page
}

/// Writing to a string cannot fail.
fn put(page: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = page.write_fmt(what);
}

fn overview(page: &mut String, report: &Report) {
    let test = &report.test;
    let [train, validation, of_test] = report.parts;
    let rows = [
        ("Gate", if report.passed { "passed".to_owned() } else { "not passed".to_owned() }),
        (
            "Test accuracy",
            format!("{:.4} (95%: {:.4} to {:.4})", test.accuracy.mean, test.accuracy.low, test.accuracy.high),
        ),
        ("Macro F1", format!("{:.4}", test.macro_f1)),
        ("Log loss", format!("{:.4}", test.log_loss)),
        ("Calibration error", format!("{:.4}", test.calibration_error)),
        ("Temperature", format!("{:.3}", test.temperature)),
        ("Pictures", format!("{train} to learn from, {validation} to choose by, {of_test} to test on")),
        ("Left out", report.cleaning.dropped.len().to_string()),
        ("Parameters", report.parameters.to_string()),
        ("Time", format!("{:.1} min", report.seconds / 60.0)),
    ];
    page.push_str("<table>");
    for (what, value) in rows {
        put(page, format_args!("<tr><td>{what}</td><td>{value}</td></tr>"));
    }
    page.push_str("</table>");
}

fn chart(page: &mut String, title: &str, epochs: &[Epoch], value: impl Fn(&Epoch) -> f64) {
    let values: Vec<f64> = epochs.iter().map(value).filter(|value| value.is_finite()).collect();
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if values.is_empty() {
        return;
    }
    let [width, height] = CHART;
    let span = if high > low { high - low } else { 1.0 };
    let across =
        |place: usize| MARGIN + (width - 2.0 * MARGIN) * place as f64 / (values.len() - 1).max(1) as f64;
    let down = |value: f64| height - MARGIN - (height - 2.0 * MARGIN) * (value - low) / span;
    let mut points = String::new();
    for (place, &value) in values.iter().enumerate() {
        put(&mut points, format_args!("{:.1},{:.1} ", across(place), down(value)));
    }
    let (left, bottom, right) = (MARGIN, height - MARGIN, width - MARGIN);
    put(
        page,
        format_args!(
            "<svg width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{title}\">\
             <text x=\"{left}\" y=\"16\">{title}</text>\
             <line x1=\"{left}\" y1=\"{bottom}\" x2=\"{right}\" y2=\"{bottom}\" stroke=\"#c3ccd5\"/>\
             <polyline points=\"{points}\" fill=\"none\" stroke=\"#2563a8\" stroke-width=\"2\"/>\
             <text x=\"2\" y=\"{:.1}\">{high:.3}</text><text x=\"2\" y=\"{:.1}\">{low:.3}</text>\
             <text x=\"{left}\" y=\"{:.1}\">epoch 1</text>\
             <text x=\"{right}\" y=\"{:.1}\" text-anchor=\"end\">{}</text></svg>",
            down(high) + 4.0,
            down(low) + 4.0,
            bottom + 16.0,
            bottom + 16.0,
            epochs.len()
        ),
    );
}

fn classes(page: &mut String, report: &Report) {
    page.push_str(
        "<h2>Classes</h2><table><tr><th>Class</th><th>Examples</th><th>Precision</th><th>Recall</th>\
         <th>F1</th><th>ROC-AUC</th></tr>",
    );
    for class in &report.test.classes {
        let auc = class.auc.map_or_else(|| "-".to_owned(), |auc| format!("{auc:.4}"));
        put(
            page,
            format_args!(
                "<tr><td>{}</td><td>{}</td><td>{:.4}</td><td>{:.4}</td><td>{:.4}</td><td>{auc}</td></tr>",
                escape(&class.name),
                class.examples,
                class.precision,
                class.recall,
                class.f1
            ),
        );
    }
    page.push_str("</table>");
}

fn confusion(page: &mut String, report: &Report) {
    page.push_str(
        "<h2>Confusion</h2><p>Rows are what it is, columns what it was called.</p><table><tr><th></th>",
    );
    for name in &report.classes {
        put(page, format_args!("<th>{}</th>", escape(name)));
    }
    page.push_str("</tr>");
    for (at, (row, name)) in report.test.confusion.iter().zip(&report.classes).enumerate() {
        put(page, format_args!("<tr><td>{}</td>", escape(name)));
        let all = row.iter().sum::<usize>().max(1) as f64;
        for (place, &count) in row.iter().enumerate() {
            let share = count as f64 / all;
            let colour = if place == at { "37,99,168" } else { "196,62,48" };
            let ink = if share > 0.6 { "#fff" } else { "#1c2733" };
            put(
                page,
                format_args!(
                    "<td class=\"cell\" style=\"background:rgba({colour},{share:.3});color:{ink}\">{count}</td>"
                ),
            );
        }
        page.push_str("</tr>");
    }
    page.push_str("</table>");
}

fn worst(page: &mut String, report: &Report, mistakes: &[Mistake]) {
    if mistakes.is_empty() {
        return;
    }
    page.push_str("<h2>Worst mistakes</h2><p>Those the model was surest of.</p>");
    let name = |class: usize| report.classes.get(class).map_or_else(String::new, |name| escape(name));
    for mistake in mistakes {
        put(
            page,
            format_args!(
                "<figure><img alt=\"\" src=\"data:image/png;base64,{}\"><figcaption>{}, called {} ({:.0}%)\
                 </figcaption></figure>",
                BASE64_STANDARD.encode(&mistake.png),
                name(mistake.right),
                name(mistake.called),
                mistake.confidence * 100.0
            ),
        );
    }
}

fn left_out(page: &mut String, report: &Report) {
    files(page, "Left out", &report.cleaning.dropped);
    files(page, "Labels that are probably wrong", &report.cleaning.suspects);
}

fn files(page: &mut String, title: &str, dropped: &[Dropped]) {
    if dropped.is_empty() {
        return;
    }
    put(
        page,
        format_args!(
            "<h2>{title}</h2><details><summary>{} files</summary><table><tr><th>File</th><th>Why</th></tr>",
            dropped.len()
        ),
    );
    for Dropped { name, reason } in dropped {
        // A plain enum always becomes JSON.
        let reason = serde_json::to_string(reason).unwrap_or_default();
        put(page, format_args!("<tr><td>{}</td><td>{}</td></tr>", escape(name), escape(&reason)));
    }
    page.push_str("</table></details>");
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_the_page() {
        assert_eq!(escape("<a href='x'>&\""), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
    }
}
