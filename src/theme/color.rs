//! Colours as people see them: contrast, and how far two are from each other.

use std::sync::LazyLock;

/// Red, green and blue.
pub type Rgb = [u8; 3];

/// How much light it gives, from 0 to 1. Source: WCAG 2.2, "relative luminance".
#[must_use]
pub fn luminance(rgb: Rgb) -> f32 {
    let [red, green, blue] = linear(rgb);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/// The contrast of two luminances, the lighter first. Source: WCAG 2.2, "contrast ratio".
#[must_use]
pub fn contrast(lighter: f32, darker: f32) -> f32 {
    (lighter + 0.05) / (darker + 0.05)
}

/// The three parts as amounts of light.
#[must_use]
pub fn linear(rgb: Rgb) -> [f32; 3] {
    rgb.map(|part| {
        let part = f32::from(part) / 255.0;
        if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

/// Lightness and two hues, in which distances are what an eye takes them to be. Source: Björn Ottosson's Oklab.
#[must_use]
pub fn oklab([red, green, blue]: [f32; 3]) -> [f32; 3] {
    let long = (0.412_221_47 * red + 0.536_332_55 * green + 0.051_445_995 * blue).max(0.0).cbrt();
    let middle = (0.211_903_5 * red + 0.680_699_5 * green + 0.107_396_96 * blue).max(0.0).cbrt();
    let short = (0.088_302_46 * red + 0.281_718_85 * green + 0.629_978_7 * blue).max(0.0).cbrt();
    [
        0.210_454_26 * long + 0.793_617_8 * middle - 0.004_072_047 * short,
        1.977_998_5 * long - 2.428_592_2 * middle + 0.450_593_7 * short,
        0.025_904_037 * long + 0.782_771_77 * middle - 0.808_675_77 * short,
    ]
}

/// How far two colours are from each other; 0.02 is hardly seen.
#[must_use]
pub fn distance(one: [f32; 3], other: [f32; 3]) -> f32 {
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f32>().sqrt()
}

/// What a number from 16 on of the 256 colours is: a cube of six levels a part, then greys.
#[must_use]
pub fn of_index(index: u8) -> Rgb {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let level = |part: u8| LEVELS.get(usize::from(part % 6)).copied().unwrap_or_default();
    match index {
        232.. => [8 + 10 * (index - 232); 3],
        _ => {
            let place = index.saturating_sub(16);
            [level(place / 36), level(place / 6), level(place)]
        }
    }
}

/// The number of the 256 colours that looks most like it. The first sixteen are whatever the user made of them.
#[must_use]
pub fn nearest(rgb: Rgb) -> u8 {
    static ALL: LazyLock<Vec<(u8, [f32; 3])>> =
        LazyLock::new(|| (16..=255).map(|index| (index, oklab(linear(of_index(index))))).collect());
    let wanted = oklab(linear(rgb));
    let near = ALL.iter().min_by(|(_, one), (_, other)| distance(wanted, *one).total_cmp(&distance(wanted, *other)));
    near.map_or(16, |(index, _)| *index)
}
