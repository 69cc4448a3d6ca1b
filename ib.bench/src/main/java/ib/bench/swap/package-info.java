// SPDX-License-Identifier: Apache-2.0
/** How long I/O stands still while a driver is replaced. */
@NullMarked
package ib.bench.swap;

import org.jspecify.annotations.NullMarked;
