//! Pictures that are not for everybody's eyes.

use crate::dropped::{Judge, Reason};
use milieu_media::Picture;
use serde::{Deserialize, Serialize};

/// The most pixels the skin rule looks at; of larger pictures it takes every so manieth.
const LOOKED_AT: usize = 40_000;

/// Who is asked whether a picture is sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sensitive {
    /// Nobody: everything stays.
    #[default]
    Keep,
    /// A classifier; where there is none, everything stays.
    Classifier,
    /// A classifier; where there is none, the skin rule, which takes sand, wood and fur for skin too.
    ClassifierOrSkin,
}

/// A classifier of pictures in full size: how sure it is, 0 to 1, that a picture is sensitive. It is called by
/// many threads at once.
pub type Classifier<'a> = &'a (dyn Fn(&Picture) -> Result<f32, String> + Sync);

/// What decides.
#[derive(Clone, Copy)]
pub struct Screen<'a> {
    /// Who is asked.
    pub sensitive: Sensitive,
    /// The score of the classifier from which a picture goes, 0 to 1.
    pub most_score: f32,
    /// The share of skin from which a picture goes, 0 to 1.
    pub most_skin: f32,
    /// The classifier, where there is one.
    pub classifier: Option<Classifier<'a>>,
}

impl Screen<'_> {
    /// Why a picture should go, if it should. A picture that the classifier fails on goes as well.
    #[must_use]
    pub fn judge(&self, picture: &Picture) -> Option<Reason> {
        let (by, score, most) = match (self.sensitive, self.classifier) {
            (Sensitive::Keep, _) | (Sensitive::Classifier, None) => return None,
            (_, Some(classifier)) => match classifier(picture) {
                Ok(score) if score.is_finite() => (Judge::Classifier, score, self.most_score),
                Ok(_) => return Some(Reason::Unjudged { message: "the score is not a number".into() }),
                Err(message) => return Some(Reason::Unjudged { message }),
            },
            (Sensitive::ClassifierOrSkin, None) => (Judge::Skin, skin_share(&picture.rgb), self.most_skin),
        };
        (score >= most).then_some(Reason::Sensitive { by, score })
    }
}

/// The share of pixels that have the colour of skin, 0 to 1.
#[must_use]
pub fn skin_share(rgb: &[u8]) -> f32 {
    let every = (rgb.len() / 3).div_ceil(LOOKED_AT).max(1);
    let (mut skin, mut all) = (0u32, 0u32);
    for pixel in rgb.chunks_exact(3).step_by(every) {
        skin += u32::from(is_skin([pixel[0], pixel[1], pixel[2]]));
        all += 1;
    }
    skin as f32 / all.max(1) as f32
}

/// Whether a pixel has the colour of skin of whatever tone: in red, green and blue by daylight as Kovač, Peer
/// and Solina, Human Skin Colour Clustering for Face Detection (EUROCON 2003), and in chrominance as Chai and
/// Ngan, Face Segmentation Using Skin-Color Map in Videophone Applications (1999): Cb 77 to 127, Cr 133 to 173.
fn is_skin([red, green, blue]: [u8; 3]) -> bool {
    let spread = red.max(green).max(blue) - red.min(green).min(blue);
    let daylight = red > 95 && green > 40 && blue > 20 && spread > 15;
    let [r, g, b] = [red, green, blue].map(f32::from);
    let cb = 128.0 - 0.168_736 * r - 0.331_264 * g + 0.5 * b;
    let cr = 128.0 + 0.5 * r - 0.418_688 * g - 0.081_312 * b;
    daylight
        && red > green
        && red > blue
        && red - green > 15
        && (77.0..=127.0).contains(&cb)
        && (133.0..=173.0).contains(&cr)
}
