// SPDX-License-Identifier: Apache-2.0
/** Fault injection: mappings that fail because an operator said so. */
@NullMarked
package ib.core.internal.fault;

import org.jspecify.annotations.NullMarked;
