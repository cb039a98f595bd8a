//! Chinese or Japanese, simplified or traditional.

use super::{Language, script::Script};

/// Forms of characters that are written in Japan alone: neither the simplified nor the traditional Chinese ones.
const JAPANESE_FORMS: &str = "気駅図読売対経済発沢択伝転広県労働込払円団囲営栄塩応桜価歩関観権検験実帰続単戦覚変処総聴鉄両歯渋浜辺\
    様拠恵毎畑峠辻匂塚栃繊脳悩壱弐勧歓顕専選様徳徴渇渓";

/// Common characters whose simplified form is not the traditional one.
const SIMPLIFIED_FORMS: &str = "们这说时来个过对还没么为会开关东车马鸟鱼龙门问间闻见观现规觉觅电话语请谁谢读认让论记许设访证评识词译试\
    该诉误调谈课议计订讨训讲买卖卫华单双发变叶听员响团园围国图圆坏块场坚处备头夹奋奖妇妈娱学实审宝宠对导将尔尝层岁岛币师帮广应庆\
    库废张强录径忆怀态总恋恶悬惊惯战户扑执扩扫扬抚抢护报担拥拦择换损据摄断旧显晓晕暂术机杂权条杨极构枪柜标栋树样桥检楼欢欧气汇汉\
    沟没泪洁测济浏浓涛润涨温湾满滚滤演灭灯灵点烂烧热爱爷状犹独狮猎猫环疗盐监盘矿码确礼离种积称稳穷竞笔简类粮红级纪约纯线练组细\
    终经结给络绝统继绩续维网罗罚职联聪肃脑脚脸艺节药获营虽蚁虫补装觉触赞赶趋跃踪转轮软轻载较辅辆输边达迁运远违连进选适递遗邮邻酱\
    释针钟钢钱铁银销错键长闭闲闹阅队阳阴阵阶际陆险随难雾静顶项顺须顾预领频题颜额风飞饭饮饿馆驱驶验骑鲜麦黄齐";

/// The share of kana from which Chinese characters are Japanese ones; below it a Chinese text can quote some.
const SHARE_OF_KANA: f64 = 0.1;

/// The language of a text of Chinese characters and kana; `kana` without `の`, which decorates Chinese names.
pub(super) fn of_han(characters: &[char], kana: usize) -> Language {
    let simple = crate::aside::simplified(characters);
    let (mut han, mut japanese, mut simplified, mut traditional) = (0_usize, 0_usize, 0_usize, 0_usize);
    for (&c, &simple) in characters.iter().zip(&simple) {
        if Script::of(c) != Some(Script::Han) {
            continue;
        }
        han += 1;
        if JAPANESE_FORMS.contains(c) && !SIMPLIFIED_FORMS.contains(c) {
            japanese += 1;
        } else if SIMPLIFIED_FORMS.contains(c) {
            simplified += 1;
        } else if simple != c {
            traditional += 1;
        }
    }
    let share = kana as f64 / (kana + han).max(1) as f64;
    if share >= SHARE_OF_KANA {
        return language("ja", Script::Japanese, 0.7 + share);
    }
    // Without kana, forms of Japan alone speak for headlines and names.
    if japanese > simplified && japanese * 12 >= han {
        return language("ja", Script::Japanese, sure(japanese + kana) * 0.85);
    }
    let script = match simplified.cmp(&traditional) {
        std::cmp::Ordering::Greater => Script::SimplifiedHan,
        std::cmp::Ordering::Less => Script::TraditionalHan,
        std::cmp::Ordering::Equal => Script::Han,
    };
    // Simplified forms are Chinese; any others could be Japanese names.
    language("zh", script, sure(han + simplified) * (1.0 - share))
}

/// 0 to 1, growing with what speaks for an answer.
fn sure(evidence: usize) -> f64 {
    1.0 - 0.6 * 0.75_f64.powi(evidence.min(100) as i32)
}

fn language(code: &'static str, script: Script, confidence: f64) -> Language {
    Language::new(code, script, confidence)
}
