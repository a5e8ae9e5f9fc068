//! Every theme inside the binary is held to what it is for: it loads, it can be read, and what it tells apart stays so.

use std::path::PathBuf;

use super::color::{Rgb, contrast, distance, linear, luminance, nearest, of_index, oklab};
use super::*;

/// Grounds that terminals have where a theme leaves them alone.
const DARK: [Rgb; 3] = [[0, 0, 0], [0x1e, 0x1e, 0x1e], [0x28, 0x2c, 0x34]];
const LIGHT: [Rgb; 3] = [[0xff, 0xff, 0xff], [0xfd, 0xf6, 0xe3], [0xef, 0xf1, 0xf5]];

/// What a person without one kind of cones sees. Source: Machado, Oliveira and Fernandes 2009, severity 1.0.
type Eyes = [[f32; 3]; 3];
const NORMAL: Eyes = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
const PROTAN: Eyes =
    [[0.152_286, 1.052_583, -0.204_868], [0.114_503, 0.786_281, 0.099_216], [-0.003_882, -0.048_116, 1.051_998]];
const DEUTAN: Eyes =
    [[0.367_322, 0.860_646, -0.227_968], [0.280_085, 0.672_501, 0.047_413], [-0.011_820, 0.042_940, 0.968_881]];

fn rgb(color: Option<Color>) -> Option<Rgb> {
    match color? {
        Color::Rgb(red, green, blue) => Some([red, green, blue]),
        Color::Indexed(index) => Some(of_index(index)),
        _ => None,
    }
}

fn ratio(one: Rgb, other: Rgb) -> f32 {
    let (one, other) = (luminance(one), luminance(other));
    contrast(one.max(other), one.min(other))
}

/// Themes with colours of their own, as terminals of 256 colours and of all of them show them on either ground.
fn coloured() -> impl Iterator<Item = (String, Theme)> {
    let depths = [Depth::True, Depth::Indexed].into_iter();
    let terminals = depths.flat_map(|depth| [Ground::Dark, Ground::Light].map(|ground| (depth, ground)));
    terminals.flat_map(|(depth, ground)| {
        let wardrobe = Wardrobe::new(None, depth).on(ground);
        let themes = Theme::built_in_names().map(move |name| wardrobe.named(name).unwrap());
        let coloured = themes.filter(|theme| rgb(theme.style(Role::Text).fg).is_some());
        coloured.map(move |theme| (format!("{} at {depth:?} on {ground:?}", theme.name()), theme))
    })
}

/// A directory of the user's own themes.
struct Own(PathBuf);

impl Own {
    fn with(test: &str, themes: &[(&str, &str)]) -> Self {
        let directory = std::env::temp_dir().join(format!("dynakeep-themes-{test}-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        for (name, text) in themes {
            std::fs::write(directory.join(format!("{name}.toml")), text).unwrap();
        }
        Self(directory)
    }

    fn wardrobe(&self) -> Wardrobe {
        Wardrobe::new(Some(self.0.clone()), Depth::True)
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        let _kept = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_theme_inside_the_binary_loads_and_styles_every_role() {
    assert!(Theme::built_in_names().count() >= 8);
    for name in Theme::built_in_names() {
        let theme = Theme::built_in(name).unwrap();
        for role in Role::ALL {
            assert_ne!(theme.style(*role), Style::new(), "{name}: role {} has no style", role.name());
        }
        if let Some(pair) = theme.pair() {
            let other = Theme::built_in(pair).unwrap();
            assert_eq!(other.pair(), Some(name), "{name} and {pair} are no pair");
            assert_ne!(other.ground(), theme.ground(), "{name} and {pair} are for the same ground");
        }
    }
}

#[test]
fn every_word_can_be_read_on_every_ground_it_can_stand_on() {
    let mut faint = Vec::new();
    for (name, theme) in coloured() {
        let screen = rgb(theme.style(Role::Screen).bg);
        let mut grounds = screen.map_or_else(
            || if theme.ground() == Ground::Light { LIGHT.to_vec() } else { DARK.to_vec() },
            |painted| vec![painted],
        );
        // The cursor's row keeps what it is laid over, but for badges.
        grounds.push(rgb(theme.style(Role::Cursor).bg).unwrap());
        for role in Role::ALL.iter().filter(|role| !matches!(role, Role::Screen | Role::Rule)) {
            let style = theme.style(*role);
            let ink = rgb(style.fg.or(theme.style(Role::Text).fg)).unwrap();
            let own = rgb(style.bg).map(|filled| vec![filled]);
            for ground in own.as_ref().unwrap_or(&grounds) {
                let ratio = ratio(ink, *ground);
                if ratio < 4.5 {
                    faint.push(format!("{name}: {} {ink:02x?} on {ground:02x?}: {ratio:.2}", role.name()));
                }
            }
        }
    }
    assert!(faint.is_empty(), "below WCAG AA (4.5:1):\n{}", faint.join("\n"));
}

#[test]
fn the_cursors_row_is_seen_and_good_is_never_the_colour_of_bad() {
    for (name, theme) in coloured() {
        let fg = |role| theme.style(role).fg;
        assert_ne!(fg(Role::Pass), fg(Role::Fail), "{name}");
        assert_ne!(fg(Role::Pass), fg(Role::Warn), "{name}");
        assert_ne!(fg(Role::Fail), fg(Role::Warn), "{name}");
        assert_ne!(fg(Role::Unknown), fg(Role::Pass), "{name}");
        if let Some(screen) = rgb(theme.style(Role::Screen).bg) {
            let apart = distance(seen(screen, NORMAL), seen(rgb(theme.style(Role::Cursor).bg).unwrap(), NORMAL));
            assert!(apart > 0.02, "{name}: the cursor's row is hardly seen: {apart:.3}");
        }
    }
}

fn seen(color: Rgb, eyes: Eyes) -> [f32; 3] {
    let light = linear(color);
    oklab(eyes.map(|row| row.iter().zip(light).map(|(part, light)| part * light).sum::<f32>().clamp(0.0, 1.0)))
}

#[test]
fn verdicts_and_severities_stay_apart_without_red_or_green_cones() {
    let verdicts = [Role::Pass, Role::Fail, Role::Warn, Role::Unknown, Role::Manual, Role::NotApplicable];
    let severities = [Role::High, Role::Medium, Role::Low, Role::Info];
    let mut alike = Vec::new();
    for (name, theme) in coloured().filter(|(name, _)| name.starts_with("colorblind")) {
        // The worst is a filled badge, which no other is.
        assert!(theme.style(Role::Critical).bg.is_some() && severities.iter().all(|of| theme.style(*of).bg.is_none()));
        for set in [&verdicts[..], &severities[..]] {
            for (at, one) in set.iter().enumerate() {
                for other in &set[at + 1..] {
                    let [a, b] = [one, other].map(|role| rgb(theme.style(*role).fg).unwrap());
                    for (eyes, of) in [("normal", NORMAL), ("protan", PROTAN), ("deutan", DEUTAN)] {
                        let apart = distance(seen(a, of), seen(b, of));
                        if apart < 0.06 {
                            alike.push(format!("{name}, {eyes}: {} and {}: {apart:.3}", one.name(), other.name()));
                        }
                    }
                }
            }
        }
    }
    assert!(alike.is_empty(), "three times what is hardly seen is asked for:\n{}", alike.join("\n"));
}

#[test]
fn the_simulation_tells_what_it_must() {
    // A check of the judge: with equal light, red and green are one colour to eyes without green cones, not to others.
    let (red, green) = ([0xb4, 0x50, 0x28], [0x6e, 0x78, 0x1e]);
    let apart = |eyes| distance(seen(red, eyes), seen(green, eyes));
    assert!(apart(NORMAL) > 0.12 && apart(DEUTAN) < 0.05, "{} {}", apart(NORMAL), apart(DEUTAN));
}

#[test]
fn an_error_points_at_its_file_and_line() {
    let own = Own::with(
        "errors",
        &[
            ("colour", "inherits = \"dark\"\n\n[roles]\npass = \"grene\"\n"),
            ("role", "[roles]\nsky = \"blue\""),
            ("toml", "pair = \"x\"\nb = = 2"),
            ("parent", "inherits = \"none\""),
            ("kind", "inherits = \"dark\"\nkind = \"dusk\""),
            ("setting", "inherits = \"dark\"\n\n\ncolour = 1"),
            ("circle", "inherits = \"circle-2\""),
            ("circle-2", "inherits = \"circle\""),
        ],
    );
    let error = |name: &str| own.wardrobe().named(name).unwrap_err();
    assert_eq!(error("colour").line, 4);
    assert!(error("colour").file.ends_with("colour.toml") && error("colour").message.contains("grene"));
    for (name, line) in [("role", 2), ("toml", 2), ("parent", 1), ("kind", 2), ("setting", 4)] {
        assert_eq!(error(name).line, line, "{name}");
    }
    assert!(error("circle").message.contains("circle"));
    // One that is broken takes nothing from the others.
    let all = own.wardrobe().all();
    assert!(all.iter().any(|of| of.name == "role" && of.theme.is_err()));
    assert!(all.iter().filter(|of| of.file.is_none()).all(|of| of.theme.is_ok()));
}

#[test]
fn a_child_recolours_its_parents_roles_and_may_have_its_parents_name() {
    let own = Own::with(
        "children",
        &[
            ("mine", "inherits = \"dark\"\n[palette]\ngreen = \"#000001\""),
            ("nord", "inherits = \"nord\"\n[palette]\nground = \"default\""),
            ("grandchild", "inherits = \"mine\"\nkind = \"light\"\n[roles]\nfail = \"#000002\""),
        ],
    );
    let mine = own.wardrobe().named("mine").unwrap();
    assert_eq!(mine.style(Role::Pass).fg, Some(Color::Rgb(0, 0, 1)));
    assert_eq!((mine.ground(), mine.pair()), (Ground::Dark, None), "what it inherits is no pair of its own");
    assert_eq!(own.wardrobe().named("nord").unwrap().style(Role::Screen).bg, Some(Color::Reset));
    let grandchild = own.wardrobe().named("grandchild").unwrap();
    assert_eq!(grandchild.style(Role::Pass).fg, Some(Color::Rgb(0, 0, 1)));
    assert_eq!(grandchild.ground(), Ground::Light);
}

#[test]
fn what_follows_the_ground_is_the_one_of_the_pair_that_suits_it() {
    let own = Own::with("pairs", &[]);
    let on = |ground, name: &str| own.wardrobe().on(ground).named(name).map(|theme| theme.name().to_owned());
    assert_eq!(on(Ground::Dark, "auto").unwrap(), "dark");
    assert_eq!(on(Ground::Light, "auto").unwrap(), "light");
    assert_eq!(on(Ground::Light, "auto:catppuccin-mocha").unwrap(), "catppuccin-latte");
    assert_eq!(on(Ground::Light, "auto:catppuccin-latte").unwrap(), "catppuccin-latte");
    assert_eq!(on(Ground::Light, "dark").unwrap(), "dark", "what was asked for by name stays");
    assert!(on(Ground::Light, "auto:nord").unwrap_err().message.contains("no pair"));
    assert!(on(Ground::Dark, "gruvbx-dark").unwrap_err().message.contains("gruvbox-dark"));
    let sixteen = Wardrobe::new(None, Depth::Sixteen);
    assert_eq!(sixteen.named("auto").unwrap().name(), "terminal16");
}

#[test]
fn fewer_colours_are_the_nearest_ones_or_the_terminals_own() {
    assert_eq!([nearest([255, 0, 0]), nearest([8, 8, 8]), nearest([0x5f, 0xaf, 0xff])], [196, 232, 75]);
    for name in Theme::built_in_names() {
        for depth in [Depth::Indexed, Depth::Sixteen] {
            let theme = Wardrobe::new(None, depth).named(name).unwrap();
            let colours = theme.styles.iter().flat_map(|style| [style.fg, style.bg]).flatten();
            for colour in colours {
                assert!(depth.shows(colour), "{name} shows {colour} at {depth:?}");
            }
        }
        let plain = Wardrobe::new(None, Depth::None).named(name).unwrap();
        assert!(plain.styles.iter().all(|style| style.fg.is_none() && style.bg.is_none()), "{name}");
        assert!(plain.style(Role::Cursor).add_modifier.contains(Modifier::REVERSED), "{name}: no cursor is seen");
    }
}

#[test]
fn the_environment_says_how_many_colours_there_are() {
    let depth = |set: &[(&str, &str)]| {
        Depth::of(|name| {
            set.iter().find(|(known, _)| *known == name).map_or(String::new(), |(_, value)| (*value).into())
        })
    };
    let xterm = ("TERM", "xterm-256color");
    assert_eq!(depth(&[xterm, ("COLORTERM", "truecolor")]), Depth::True);
    assert_eq!(depth(&[xterm]), Depth::Indexed);
    assert_eq!(depth(&[("TERM", "xterm-kitty")]), Depth::True, "COLORTERM is lost over SSH");
    assert_eq!(depth(&[("TERM", "linux")]), Depth::Sixteen);
    assert_eq!(depth(&[("TERM", "screen"), ("COLORTERM", "truecolor")]), Depth::Indexed, "GNU screen shows no more");
    assert_eq!(depth(&[("TERM", "screen-256color"), ("TMUX", "1"), ("COLORTERM", "truecolor")]), Depth::True);
    for off in [("NO_COLOR", "1"), ("CLICOLOR", "0"), ("TERM", "dumb")] {
        assert_eq!(depth(&[off, ("COLORTERM", "truecolor")]), Depth::None, "{off:?}");
    }
    assert_eq!(depth(&[xterm, ("NO_COLOR", "")]), Depth::Indexed, "empty is not set");
}
