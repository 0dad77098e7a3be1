//! One macro, part of the interface that livekit uses.

/// Generates methods on an enum that forward to the value each variant holds.
///
/// ```
/// struct A;
/// impl A {
///     fn name(&self, suffix: &str) -> String {
///         format!("a{suffix}")
///     }
/// }
/// enum Either {
///     First(A),
///     Second(A),
/// }
/// impl Either {
///     libwebrtc::enum_dispatch!(
///         [First, Second];
///         fn name(self: &Self, suffix: &str) -> String;
///     );
/// }
/// assert_eq!(Either::First(A).name("1"), "a1");
/// assert_eq!(Either::Second(A).name("2"), "a2");
/// ```
#[macro_export]
macro_rules! enum_dispatch {
    ($variants:tt;) => {};
    ($variants:tt; $vis:vis fn $name:ident $arguments:tt -> $result:ty; $($rest:tt)*) => {
        $crate::enum_dispatch!(@method $variants $vis $name $arguments $result);
        $crate::enum_dispatch!($variants; $($rest)*);
    };
    (@method $variants:tt $vis:vis $name:ident ($this:ident: $receiver:ty $(, $argument:ident: $kind:ty)*) $result:ty) => {
        /// Forwarded to the value of the variant.
        #[inline]
        $vis fn $name($this: $receiver $(, $argument: $kind)*) -> $result {
            $crate::enum_dispatch!(@match $variants $this $name ($($argument),*))
        }
    };
    (@match [$($variant:ident),+] $this:ident $name:ident $call:tt) => {
        match $this {
            $(Self::$variant(inner) => inner.$name $call,)+
        }
    };
}
