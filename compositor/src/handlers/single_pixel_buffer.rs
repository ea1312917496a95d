//! wp_single_pixel_buffer_manager_v1 (staging, version 1).

use smithay::delegate_single_pixel_buffer;

use crate::state::Offing;

delegate_single_pixel_buffer!(Offing);
