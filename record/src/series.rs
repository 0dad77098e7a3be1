//! How a part of the program declares what it counts.

/// Declares series for Prometheus. Each is a field: what it counts is both its documentation and its help, then
/// follow its kind and its name.
#[macro_export]
macro_rules! series {
    ($(#[$doc:meta])* $vis:vis struct $set:ident {
        $(#[doc = $help:literal] $field_vis:vis $field:ident: $kind:ty = $name:literal,)+
    }) => {
        $(#[$doc])*
        #[derive(Debug, Default)]
        $vis struct $set { $(#[doc = $help] $field_vis $field: $kind,)+ }

        impl $set {
            /// Under the names that Prometheus reads.
            $vis fn register(&self, registry: &mut prometheus_client::registry::Registry) {
                $(registry.register($name, $help.trim_start(), self.$field.clone());)+
            }
        }
    };
}
