// SPDX-License-Identifier: Apache-2.0
/** The connection manager, one per port. */
@NullMarked
package ib.cm.internal;

import org.jspecify.annotations.NullMarked;
