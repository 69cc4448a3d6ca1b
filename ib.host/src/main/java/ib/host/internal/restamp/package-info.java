// SPDX-License-Identifier: Apache-2.0
/** Copies of bundles with another version, to try what a newer build does. */
@NullMarked
package ib.host.internal.restamp;

import org.jspecify.annotations.NullMarked;
