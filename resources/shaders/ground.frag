#version 120
// A half-metre grid, every second line stronger, fading into the background.
uniform vec2 u_center;
uniform float u_radius;
uniform vec3 u_background;
uniform vec3 u_floor;
uniform vec3 u_line;
varying vec2 v_world;

float lines(vec2 cell, vec2 width) {
    vec2 distance = abs(fract(cell - 0.5) - 0.5) / width;
    vec2 strength = clamp(1.5 - distance, 0.0, 1.0) * clamp(0.35 / width - 0.6, 0.0, 1.0);
    return max(strength.x, strength.y);
}

void main() {
    float away = length(v_world - u_center) / u_radius;
    float fade = 1.0 - smoothstep(0.25, 1.0, away);
    vec2 width = max(fwidth(v_world), vec2(1e-6));
    float line = max(lines(v_world, width), 0.4 * lines(2.0 * v_world, 2.0 * width));
    vec3 color = mix(u_floor, u_line, line);
    gl_FragColor = vec4(mix(u_background, color, fade * fade), 1.0);
}
