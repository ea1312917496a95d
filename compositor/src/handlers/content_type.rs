//! wp_content_type_manager_v1 (staging, version 1): a hint that nothing here goes by.

use smithay::delegate_content_type;

use crate::state::Offing;

delegate_content_type!(Offing);
