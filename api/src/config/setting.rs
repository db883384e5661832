//! The flag, the environment variables and the help of a setting, derived from its id.

use std::any::TypeId;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::Str;
use clap::{Arg, Command};

use super::issuer::IssuerConfig;
use super::parse::ListOf;
use super::url::{DatabaseUrl, Secret};

/// The id of the flag that names the configuration file.
pub(super) const FILE: &str = "config";

/// Adds a flag for each setting, and one for the configuration file, to each subcommand that has settings.
pub(crate) fn with_flags(command: Command) -> Command {
    command.mut_subcommands(|command| {
        if !command.get_arguments().any(is_setting) {
            return command;
        }
        let help = "YAML file with settings\n[environment: HYPERFLEET_CONFIG]";
        let command = command.arg(Arg::new(FILE).long(FILE).value_name("FILE").help(help));
        let mut order = 0..;
        command.next_line_help(true).args_override_self(true).mut_args(|arg| {
            let arg = if is_setting(&arg) { with_flag(arg) } else { arg };
            arg.display_order(order.next().unwrap_or_default())
        })
    })
}

/// Returns every setting once, in the order of declaration.
pub(super) fn all(command: &Command) -> Vec<Arg> {
    let mut all: Vec<Arg> = Vec::new();
    for arg in command.get_subcommands().flat_map(Command::get_arguments).filter(|arg| is_setting(arg)) {
        if all.iter().all(|other| other.get_id() != arg.get_id()) {
            all.push(arg.clone());
        }
    }
    all
}

/// Whether an argument is a setting. Settings have a dotted id, such as `server.port`, which is also their key in the
/// file.
pub(super) fn is_setting(arg: &Arg) -> bool {
    arg.get_id().as_str().contains('.')
}

/// Returns the flag of a setting, with its dashes.
pub(super) fn flag(arg: &Arg) -> String {
    format!("--{}", arg.get_id().as_str().replace(['.', '_'], "-"))
}

/// Returns the environment variables of a setting, in order of precedence.
pub(super) fn variables(arg: &Arg) -> impl Iterator<Item = String> {
    let own = format!("HYPERFLEET_{}", arg.get_id().as_str().replace('.', "_").to_uppercase());
    let other = arg.get_env().map(|name| name.to_string_lossy().into_owned());
    std::iter::once(own).chain(other)
}

/// Whether values of the setting may contain a secret and are therefore never shown.
pub(super) fn is_secret(arg: &Arg) -> bool {
    is::<Secret>(arg) || is::<DatabaseUrl>(arg)
}

/// Whether values of the setting are text. Other types are then refused in the YAML file, because they do not preserve
/// the text: `0123` is a number there.
pub(super) fn is_text(arg: &Arg) -> bool {
    matches!(value_name(arg), "TEXT" | "FILE" | "URL")
}

/// Whether values of the setting have the type `T`.
pub(super) fn is<T: 'static>(arg: &Arg) -> bool {
    arg.get_value_parser().type_id() == TypeId::of::<T>()
}

fn with_flag(arg: Arg) -> Arg {
    let section = arg.get_id().as_str().split('.').next().unwrap_or_default();
    let heading = Str::from(section[..1].to_uppercase() + &section[1..]);
    let variables = variables(&arg).collect::<Vec<_>>().join(", ");
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let help = format!("{help}\n[environment: {variables}]");
    let (flag, value_name, is_secret, is_switch) =
        (flag(&arg), value_name(&arg), is_secret(&arg), is::<bool>(&arg));
    let arg =
        arg.long(Str::from(flag[2..].to_owned())).value_name(value_name).help_heading(heading).help(help);
    // A secret may start with a dash. If it were parsed as a flag, the error would repeat it.
    let arg = arg.allow_negative_numbers(true).allow_hyphen_values(is_secret);
    // Variables are read through `Environment`, not by clap.
    let arg = arg.env(None);
    if is_switch { arg.num_args(0..=1).default_missing_value("true") } else { arg }
}

fn value_name(arg: &Arg) -> &'static str {
    if is::<bool>(arg) {
        "BOOL"
    } else if is::<u16>(arg) || is::<u32>(arg) || is::<usize>(arg) {
        "NUMBER"
    } else if is::<Duration>(arg) {
        "DURATION"
    } else if is::<ListOf<String>>(arg) || is::<ListOf<IssuerConfig>>(arg) {
        "LIST"
    } else if is::<PathBuf>(arg) {
        "FILE"
    } else if is::<DatabaseUrl>(arg) {
        "URL"
    } else {
        "TEXT"
    }
}
