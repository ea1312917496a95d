//! The programs that are installed, as their desktop entries tell (Desktop Entry Specification,
//! version 1.5).

use crate::spawn;
use offing::Application;
use std::{
    collections::{BTreeMap, HashMap},
    env,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

/// Desktop entries are no longer, in bytes.
const MAX_BYTES: u64 = 256 << 10;
/// So many are read.
const MAX_ENTRIES: usize = 2000;
/// How deep entries are in folders.
const MAX_DEPTH: usize = 3;
/// Categories, and what people call them.
const CATEGORIES: [(&str, &str); 11] = [
    ("AudioVideo", "Sound & Video"),
    ("Development", "Development"),
    ("Education", "Education"),
    ("Game", "Games"),
    ("Graphics", "Graphics"),
    ("Network", "Internet"),
    ("Office", "Office"),
    ("Science", "Science"),
    ("Settings", "Settings"),
    ("System", "System"),
    ("Utility", "Accessories"),
];

/// What can be started, a terminal above all.
pub(crate) fn installed() -> Vec<Application> {
    let mut files = BTreeMap::new();
    // What comes first hides what has the same name further on.
    for folder in folders().into_iter().rev() {
        find(&folder, "", MAX_DEPTH, &mut files);
    }
    let terminal = spawn::default_command();
    let locale = Locale::of_environment();
    let entries = files.values().take(MAX_ENTRIES).filter_map(|file| {
        let is_short = fs::metadata(file).is_ok_and(|it| it.is_file() && it.len() <= MAX_BYTES);
        let text = is_short.then(|| fs::read(file).ok()).flatten()?;
        application(
            &String::from_utf8_lossy(&text),
            &locale,
            terminal.as_deref(),
        )
    });
    let mut all: Vec<_> = entries.collect();
    all.extend(terminal.map(|command| Application {
        name: "Terminal".to_owned(),
        category: String::new(),
        command,
    }));
    all
}

/// Where desktop entries are, the most important folder first (XDG Base Directory Specification).
fn folders() -> Vec<PathBuf> {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty());
    let home = set("XDG_DATA_HOME").map(PathBuf::from);
    let home = home.or_else(|| Some(PathBuf::from(set("HOME")?).join(".local/share")));
    let shared = set("XDG_DATA_DIRS").unwrap_or_else(|| "/usr/local/share:/usr/share".into());
    let folders = home.into_iter().chain(env::split_paths(&shared));
    folders.map(|folder| folder.join("applications")).collect()
}

/// Desktop entries by their names, which those of folders are a part of.
fn find(folder: &Path, prefix: &str, depth: usize, files: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        let name = format!("{prefix}{}", name.to_string_lossy());
        if path.extension() == Some(OsStr::new("desktop")) {
            files.insert(name, path);
        } else if depth > 0 && path.is_dir() {
            find(&path, &format!("{name}-"), depth - 1, files);
        }
    }
}

/// The names of the user's language, the best first.
struct Locale(Vec<String>);

impl Locale {
    fn of_environment() -> Self {
        let set = |name| env::var(name).ok().filter(|value| !value.is_empty());
        let names = ["LC_ALL", "LC_MESSAGES", "LANG"];
        Self::new(&names.into_iter().find_map(set).unwrap_or_default())
    }

    /// `locale`: such as `de_AT.UTF-8@euro`.
    fn new(locale: &str) -> Self {
        let (name, modifier) = locale.split_once('@').unwrap_or((locale, ""));
        let name = name.split('.').next().unwrap_or_default();
        let language = name.split('_').next().unwrap_or_default();
        let with = |name: &str| format!("{name}@{modifier}");
        Self(vec![
            with(name),
            name.to_owned(),
            with(language),
            language.to_owned(),
        ])
    }
}

/// What an entry is of, if it is to be shown and can be started.
fn application(text: &str, locale: &Locale, terminal: Option<&[OsString]>) -> Option<Application> {
    let fields = fields(text);
    let get = |name: &str| fields.get(name).copied();
    let is = |name| get(name) == Some("true");
    let lists = |name, what| get(name).is_some_and(|list| list.split(';').any(|it| it == what));
    let is_for_others = get("OnlyShowIn").is_some() && !lists("OnlyShowIn", "offing");
    let is_hidden =
        is("NoDisplay") || is("Hidden") || is_for_others || lists("NotShowIn", "offing");
    if get("Type") != Some("Application") || is_hidden {
        return None;
    }
    let mut command = words(get("Exec")?)?;
    spawn::check(&command).ok()?;
    if let Some(program) = get("TryExec") {
        spawn::check(&[program.into()]).ok()?;
    }
    if is("Terminal") {
        command = in_terminal(terminal?, command)?;
    }
    let local = locale.0.iter().find_map(|it| get(&format!("Name[{it}]")));
    let known = CATEGORIES
        .iter()
        .find(|(category, _)| lists("Categories", category));
    Some(Application {
        name: local.or(get("Name"))?.to_owned(),
        category: known.map_or("Other", |(_, name)| name).to_owned(),
        command,
    })
}

/// The fields of the first group.
fn fields(text: &str) -> HashMap<&str, &str> {
    let lines = text.lines().map(str::trim);
    let mut group = lines.skip_while(|line| *line != "[Desktop Entry]").skip(1);
    let group = group.by_ref().take_while(|line| !line.starts_with('['));
    let fields = group.filter(|line| !line.starts_with('#'));
    let fields = fields.filter_map(|line| line.split_once('='));
    fields
        .map(|(name, value)| (name.trim_end(), value.trim_start()))
        .collect()
}

/// The words of a command line, without what stands for files and the like; none if it has no
/// end to a quotation, or no words.
fn words(line: &str) -> Option<Vec<OsString>> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut is_quoted = false;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '\\' if is_quoted => word.get_or_insert_default().extend(letters.next()),
            '%' => {
                // Others stand for what is to be opened.
                if letters.next()? == '%' {
                    word.get_or_insert_default().push('%');
                }
            }
            ' ' | '\t' if !is_quoted => words.extend(word.take()),
            other => word.get_or_insert_default().push(other),
        }
    }
    words.extend(word);
    let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
    (!is_quoted && !words.is_empty()).then_some(words)
}

/// A command that needs a terminal, in one; none if it is not known how that one takes commands.
fn in_terminal(terminal: &[OsString], command: Vec<OsString>) -> Option<Vec<OsString>> {
    let before: &[&str] = match terminal.first()?.to_str()? {
        "foot" | "kitty" => &[],
        "alacritty" | "konsole" => &["-e"],
        "gnome-terminal" => &["--"],
        "xfce4-terminal" => &["-x"],
        _ => return None,
    };
    let before = before.iter().map(OsString::from);
    Some(
        terminal
            .iter()
            .cloned()
            .chain(before)
            .chain(command)
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<(String, String, Vec<OsString>)> {
        let terminal = ["foot".into()];
        let read = application(text, &Locale::new("de_AT.UTF-8@euro"), Some(&terminal));
        read.map(|it| (it.name, it.category, it.command))
    }

    #[test]
    fn an_entry_says_what_it_starts() {
        let text = "# comment\n[Desktop Entry]\nType=Application\nName=Shell\nName[de]=Muschel\n\
            Name[fr]=Coquille\nExec = sh  -c \"echo \\\"100 %%\\\" \" %U --x=%c\n\
            Categories=Qt;Utility;\n[Desktop Action new]\nName=Other\nExec=other\n";
        let command = ["sh", "-c", "echo \"100 %\" ", "--x="].map(OsString::from);
        let expected = (
            "Muschel".to_owned(),
            "Accessories".to_owned(),
            command.to_vec(),
        );
        assert_eq!(read(text), Some(expected));
    }

    #[test]
    fn what_is_hidden_or_cannot_be_started_is_not_shown() {
        let entry = |line: &str| {
            read(&format!(
                "[Desktop Entry]\nType=Application\nName=a\nExec=sh\n{line}\n"
            ))
        };
        assert!(entry("").is_some() && entry("OnlyShowIn=offing;KDE").is_some());
        for line in [
            "NoDisplay=true",
            "Hidden=true",
            "OnlyShowIn=KDE;",
            "NotShowIn=KDE;offing",
            "TryExec=no-such-program-here",
            "Exec=no-such-program-here",
            "Exec=\"sh",
            "Exec=%u",
            "Exec=%",
            "Exec=",
            "Type=Link",
        ] {
            assert_eq!(entry(line), None, "{line}");
        }
        assert_eq!(read("[Other]\nType=Application\nName=a\nExec=sh"), None);
        assert_eq!(read(""), None);
    }

    #[test]
    fn what_needs_a_terminal_gets_one() {
        let text = "[Desktop Entry]\nType=Application\nName=a\nExec=sh -i\nTerminal=true";
        let (_, category, command) = read(text).unwrap();
        assert_eq!(command, ["foot", "sh", "-i"].map(OsString::from));
        assert_eq!(category, "Other");
        let unknown = [OsString::from("unknown")];
        assert_eq!(application(text, &Locale::new(""), Some(&unknown)), None);
        assert_eq!(application(text, &Locale::new(""), None), None);
    }
}
